//! [`ScriptedTokenSource`]: a token source that plays prepared tokens and errors.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{
    model::AccessToken,
    time::BoxFuture,
    token::{
        Expiry, IssuedToken, TokenError, TokenFuture, TokenSource,
        source::{TokenCache, TokenResult},
    },
};

/// A [`TokenSource`] that plays one step of a script for each acquisition, and records what a test wants to
/// know.
///
/// Like a provider, it hands out the current token until that token is [invalidated](TokenSource::invalidate)
/// or [expires](Self::expire). The next caller takes the next step, and callers that wait for the same step
/// get the same result. After the last step comes the end of the script:
///
/// | constructor | after the last step |
/// |---|---|
/// | [`new`](Self::new) | an error that says so |
/// | [`fixed`](Self::fixed) | always the same token |
/// | [`failing`](Self::failing) | always the same error |
///
/// A clone shares the script and the record. `Debug` shows numbers only.
///
/// ```
/// use cg_auth_core::{
///     TokenError, TokenErrorKind, TokenSource, testing::ScriptedTokenSource,
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let failure = TokenError::of_kind(TokenErrorKind::Call);
/// let source = ScriptedTokenSource::new().issue("one").fail(failure).issue("two");
/// let token = source.token().await?;
/// assert_eq!(source.token().await?.authorization(), "Bearer one"); // the current token
///
/// assert!(source.invalidate(&token));
/// assert!(source.token().await.is_err());
/// assert_eq!(source.token().await?.authorization(), "Bearer two");
/// assert_eq!((source.calls(), source.acquisitions()), (4, 3));
/// assert!(source.invalidated()[0].is_same_issue(&token));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ScriptedTokenSource {
    state: Arc<Mutex<State>>,
}

struct State {
    steps: Vec<TokenResult>,
    /// The numbers of the steps that wait for `release`. The number after the last step is the end.
    held_back: BTreeSet<usize>,
    end: TokenResult,
    steps_done: usize,
    current: Option<IssuedToken>,
    calls: usize,
    invalidated: Vec<IssuedToken>,
    /// The wakers by the number of their caller, so that a dropped future removes its own.
    waiting: BTreeMap<u64, Waker>,
    next_caller: u64,
}

impl ScriptedTokenSource {
    /// An empty script. A call after the last step fails with [`TokenError::other`].
    #[must_use]
    pub fn new() -> Self {
        Self::failing(TokenError::other(
            "the script of this token source has ended; add a step for each acquisition",
        ))
    }

    /// A source that always hands out the same token, even if a caller invalidates it.
    ///
    /// # Panics
    /// If no header can carry `token`.
    #[must_use]
    pub fn fixed(token: &str) -> Self {
        Self::ending_with(Ok(issued(token)))
    }

    /// A source that always fails. [`TokenError::of_kind`] makes an error of any kind.
    #[must_use]
    pub fn failing(error: TokenError) -> Self {
        Self::ending_with(Err(error))
    }

    /// The next acquisition issues `token`, whose expiry is unknown.
    ///
    /// # Panics
    /// If no header can carry `token`.
    #[must_use]
    pub fn issue(self, token: &str) -> Self {
        self.hand_out(issued(token))
    }

    /// The next acquisition issues `token`, for instance one with an expiry.
    #[must_use]
    pub fn hand_out(self, token: IssuedToken) -> Self {
        self.then(Ok(token))
    }

    /// The next acquisition fails with `error`.
    #[must_use]
    pub fn fail(self, error: TokenError) -> Self {
        self.then(Err(error))
    }

    /// Callers wait before the step that is added next, or before the end, until [`release`](Self::release).
    #[must_use]
    pub fn hold_back(self) -> Self {
        self.with_state(|state| state.held_back.insert(state.steps.len()));
        self
    }

    /// Releases the first step that is still held back, whether or not a caller waits for it.
    pub fn release(&self) {
        let waiting = self.with_state(|state| {
            state.held_back.pop_first();
            std::mem::take(&mut state.waiting)
        });
        waiting.into_values().for_each(Waker::wake);
    }

    /// Ends the current token as if it had expired. The next caller takes the next step.
    pub fn expire(&self) {
        let token = self.with_state(|state| state.current.take());
        drop(token);
    }

    /// How often [`token`](TokenSource::token) was called.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.with_state(|state| state.calls)
    }

    /// The number of steps taken. The end of the script is no step.
    #[must_use]
    pub fn acquisitions(&self) -> usize {
        self.with_state(|state| state.steps_done)
    }

    /// The number of callers that wait for a step that is held back.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.with_state(|state| state.waiting.len())
    }

    /// The tokens that callers reported, in order and with repetitions.
    /// [`is_same_issue`](IssuedToken::is_same_issue) tells which one each report names.
    #[must_use]
    pub fn invalidated(&self) -> Vec<IssuedToken> {
        self.with_state(|state| state.invalidated.clone())
    }

    fn ending_with(end: TokenResult) -> Self {
        let state = State {
            steps: Vec::new(),
            held_back: BTreeSet::new(),
            end,
            steps_done: 0,
            current: None,
            calls: 0,
            invalidated: Vec::new(),
            waiting: BTreeMap::new(),
            next_caller: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn then(self, step: TokenResult) -> Self {
        self.with_state(|state| state.steps.push(step));
        self
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn hit(&self) -> Option<IssuedToken> {
        let is_held_back = self.held_back.contains(&self.steps_done);
        let has_ended = self.steps_done == self.steps.len() && !is_held_back;
        self.current.clone().or_else(|| self.end.clone().ok().filter(|_| has_ended))
    }

    /// The result for a caller that has waited since step `since` was next; `None` while that is held back.
    fn result(&mut self, since: usize) -> Option<TokenResult> {
        if since < self.steps_done {
            return Some(self.steps[since].clone());
        }
        if let Some(token) = self.hit() {
            return Some(Ok(token));
        }
        if self.held_back.contains(&self.steps_done) {
            return None;
        }
        let Some(step) = self.steps.get(self.steps_done) else { return Some(self.end.clone()) };
        self.steps_done += 1;
        self.current = step.as_ref().ok().cloned();
        Some(step.clone())
    }
}

impl Default for ScriptedTokenSource {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for ScriptedTokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (steps, done, calls) =
            self.with_state(|state| (state.steps.len(), state.steps_done, state.calls));
        f.debug_struct("ScriptedTokenSource")
            .field("steps_left", &(steps - done))
            .field("calls", &calls)
            .finish()
    }
}

impl TokenSource for ScriptedTokenSource {
    fn token(&self) -> TokenFuture<'_> {
        self.with_state(|state| state.calls += 1);
        TokenFuture::cached(self)
    }

    fn peek(&self) -> Option<IssuedToken> {
        self.hit()
    }

    /// Records the report. Returns false if `token` is not the current one.
    fn invalidate(&self, token: &IssuedToken) -> bool {
        let refused = self.with_state(|state| {
            state.invalidated.push(token.clone());
            state.current.take_if(|current| current.is_same_issue(token))
        });
        refused.is_some()
    }
}

impl TokenCache for ScriptedTokenSource {
    fn hit(&self) -> Option<IssuedToken> {
        self.with_state(|state| state.hit())
    }

    fn acquire(&self) -> BoxFuture<'_, TokenResult> {
        let caller = Caller::of(self);
        Box::pin(async move { poll_fn(|context| caller.poll(context)).await })
    }
}

/// A caller without a token, and the step that was next when it began to wait.
struct Caller<'a> {
    source: &'a ScriptedTokenSource,
    number: u64,
    since: usize,
}

impl<'a> Caller<'a> {
    fn of(source: &'a ScriptedTokenSource) -> Self {
        let (number, since) = source.with_state(|state| {
            state.next_caller += 1;
            (state.next_caller, state.steps_done)
        });
        Self { source, number, since }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<TokenResult> {
        // Cloned and dropped outside of the lock, because a waker is code of the program.
        let waker = context.waker().clone();
        let (result, unused) = self.source.with_state(|state| match state.result(self.since) {
            Some(result) => (Poll::Ready(result), Some(waker)),
            None => (Poll::Pending, state.waiting.insert(self.number, waker)),
        });
        drop(unused);
        result
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        let waker = self.source.with_state(|state| state.waiting.remove(&self.number));
        drop(waker);
    }
}

#[allow(clippy::expect_used)] // the callers document the panic
fn issued(token: &str) -> IssuedToken {
    let token = AccessToken::new(token).expect("a fake access token must be one that a header can carry");
    IssuedToken::new(&token, Expiry::UNKNOWN)
}

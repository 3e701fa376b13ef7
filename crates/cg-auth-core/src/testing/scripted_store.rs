//! [`ScriptedStore`]: a token store in memory that fails as the test tells it to.

use std::{
    collections::HashMap,
    fmt,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::{
    model::AccessToken,
    time::Runtime,
    token::store::{
        Claim, Claimed, CoolDown, EntryOwner, EntryState, Holder, Lease, Publication, Published,
        SharedFailure, StoreEntry, StoreError, StoredLifetime, StoredToken, TokenStore,
    },
};

/// A [`TokenStore`] in memory, which keeps the contract unless the test says otherwise. A clone is the same store.
///
/// ```
/// use cg_auth_core::testing::{ManualClock, ScriptedStore, ScriptedTransport};
/// use cg_auth_core::{AuthClient, BaseUrl, ClientSecret, TokenProvider, UserPrincipalName};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let answer = r#"{"value":{"access_token":"eyJ","duration":3600},"isSuccess":true}"#;
/// let transport = ScriptedTransport::new().answer(http::Response::new(answer.into()));
/// let clock = ManualClock::new();
/// let store = ScriptedStore::new(clock.clone());
/// let base_url = BaseUrl::parse("https://example.com")?;
/// let client = AuthClient::with_runtime(base_url, transport.clone(), clock);
///
/// // Two processes make one request.
/// for _ in 0..2 {
///     let user = UserPrincipalName::new("someone@example.com")?;
///     let secret = ClientSecret::new("s3cret")?;
///     let process = TokenProvider::new(client.clone(), user, secret);
///     let process = process.with_store(store.clone());
///     assert_eq!(process.token().await?.expose_secret(), "eyJ");
/// }
/// assert_eq!(transport.requests().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ScriptedStore {
    clock: Arc<dyn Runtime>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    entries: HashMap<String, Record>,
    operations: Vec<&'static str>,
    is_down: bool,
    is_hanging: bool,
    is_unreadable: bool,
    lost_answers: usize,
}

/// Times are readings of the store's monotonic clock.
#[derive(Default)]
struct Record {
    token: Option<Saved>,
    has_nothing_newer: bool,
    lease: Option<(Holder, Duration)>,
    cool_down: Option<(SharedFailure, Duration)>,
    failures: u32,
}

struct Saved {
    token: StoredToken,
    end: Duration,
    /// The holder that published it. If the same holder repeats the publication, the token was not issued again.
    holder: Holder,
}

impl ScriptedStore {
    /// An empty store whose entries end by `clock`.
    #[must_use]
    pub fn new(clock: impl Runtime + 'static) -> Self {
        Self { clock: Arc::new(clock), state: Arc::default() }
    }

    /// Sets whether each operation fails and does nothing.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// Sets whether each operation begins and never ends. It does nothing.
    pub fn set_hanging(&self, is_hanging: bool) {
        self.state().is_hanging = is_hanging;
    }

    /// Sets whether the tokens of all entries are unreadable.
    pub fn set_unreadable(&self, is_unreadable: bool) {
        self.state().is_unreadable = is_unreadable;
    }

    /// Loses the answers of the next operations: they happen, and fail.
    pub fn lose_answers(&self, count: usize) {
        self.state().lost_answers = count;
    }

    /// The operations so far: `claim`, `publish`, `remove` or `inspect`.
    #[must_use]
    pub fn operations(&self) -> Vec<&'static str> {
        self.state().operations.clone()
    }

    /// How many entries hold something.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().entries.len()
    }

    /// Whether no entry holds anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    async fn operate<T>(
        &self,
        name: &'static str,
        entry: &StoreEntry,
        operation: impl FnOnce(&mut Record, Duration, bool) -> T,
    ) -> Result<T, StoreError> {
        let is_hanging = {
            let mut state = self.state();
            state.operations.push(name);
            state.is_hanging
        };
        if is_hanging {
            pending::<()>().await;
        }
        let now = self.clock.now().monotonic();
        let mut state = self.state();
        if state.is_down {
            return Err(StoreError::new("the scripted store is down"));
        }
        let is_unreadable = state.is_unreadable;
        let record = state.entries.entry(entry.name().to_owned()).or_default();
        record.end_overdue(now);
        let result = operation(record, now, is_unreadable);
        if state.lost_answers > 0 {
            state.lost_answers -= 1;
            return Err(StoreError::new("the answer of the scripted store is lost"));
        }
        Ok(result)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenStore for ScriptedStore {
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry {
        let secret = owner.secret().expose_secret();
        StoreEntry::new(format!("{} {} {secret}", owner.base_url(), owner.user()), Zeroizing::default())
    }

    async fn claim(&self, entry: &StoreEntry, claim: &Claim) -> Result<Claimed, StoreError> {
        self.operate("claim", entry, |record, now, is_unreadable| record.claim(claim, now, is_unreadable))
            .await
    }

    async fn publish(
        &self,
        entry: &StoreEntry,
        holder: Holder,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        self.operate("publish", entry, |record, now, _| record.publish(holder, publication, now)).await
    }

    async fn remove(&self, entry: &StoreEntry) -> Result<(), StoreError> {
        self.operate("remove", entry, |record, _, _| *record = Record::default()).await?;
        self.state().entries.remove(entry.name());
        Ok(())
    }

    async fn inspect(&self, entry: &StoreEntry) -> Result<EntryState, StoreError> {
        self.operate("inspect", entry, |record, now, is_unreadable| record.state(now, is_unreadable)).await
    }
}

impl Record {
    fn end_overdue(&mut self, now: Duration) {
        self.token.take_if(|saved| saved.end <= now);
        self.has_nothing_newer &= self.token.is_some();
        self.lease.take_if(|(_, end)| *end <= now);
        self.cool_down.take_if(|(_, end)| *end <= now);
    }

    fn claim(&mut self, claim: &Claim, now: Duration, is_unreadable: bool) -> Claimed {
        let is_holder = self.lease.is_some_and(|(holder, _)| holder == claim.holder);
        let is_readable = self.token.is_some() && !is_unreadable;
        if let Some(Saved { token, end, .. }) = self.token.as_ref().filter(|_| is_readable && !is_holder) {
            let left = token.lifetime.map(|_| end.saturating_sub(now));
            if claim.wants(left, |other| *other == token.access_token) {
                return Claimed::Token(StoredToken { left, ..token.clone() });
            }
        }
        if let Some((failure, end)) = &self.cool_down {
            let (left, failures) = (end.saturating_sub(now), self.failures);
            return Claimed::CoolingDown(CoolDown { left, failures, failure: failure.clone() });
        }
        let is_held = |saved: &Saved| claim.held.as_ref().is_some_and(|(held, _)| saved.is(held));
        if self.has_nothing_newer && self.token.as_ref().is_some_and(is_held) {
            return Claimed::NothingNewer;
        }
        match (self.lease, claim.lease) {
            (Some((_, end)), _) if !is_holder => Claimed::Held(end.saturating_sub(now)),
            (_, None) => Claimed::Free,
            (_, Some(lease)) => {
                self.lease = Some((claim.holder, now.saturating_add(lease)));
                let lease = Lease::after(self.failures);
                Claimed::Won(if self.token.is_some() && is_unreadable {
                    lease.of_unreadable_entry()
                } else {
                    lease
                })
            }
        }
    }

    fn state(&self, now: Duration, is_unreadable: bool) -> EntryState {
        let saved = self.token.as_ref();
        let readable = saved.filter(|_| !is_unreadable);
        EntryState {
            token: readable.map(|saved| StoredLifetime {
                lifetime: saved.token.lifetime,
                left: saved.end.saturating_sub(now),
            }),
            has_nothing_newer: self.has_nothing_newer,
            lease: self.lease.map(|(_, end)| end.saturating_sub(now)),
            cool_down: self.cool_down.as_ref().map(|(failure, end)| CoolDown {
                left: end.saturating_sub(now),
                failures: self.failures,
                failure: failure.clone(),
            }),
            failures: self.failures,
            is_unreadable: saved.is_some() && is_unreadable,
        }
    }

    fn publish(&mut self, holder: Holder, publication: &Publication, now: Duration) -> Published {
        if self.lease.is_some_and(|(other, _)| other != holder) {
            return Published::HeldElsewhere;
        }
        self.lease = None;
        match publication {
            Publication::Token(token) => {
                (self.cool_down, self.failures) = (None, 0);
                if let Some(saved) = self.token.as_ref().filter(|saved| saved.is(&token.access_token)) {
                    self.has_nothing_newer |= saved.holder != holder;
                    return if self.has_nothing_newer { Published::NothingNewer } else { Published::Done };
                }
                let end = now.saturating_add(token.left.unwrap_or(UNKNOWN_LIFETIME));
                self.token = Some(Saved { token: token.clone(), end, holder });
                self.has_nothing_newer = false;
            }
            Publication::CoolDown(CoolDown { left, failures, failure }) => {
                self.cool_down = Some((failure.clone(), now.saturating_add(*left)));
                self.failures = *failures;
            }
            Publication::Released => {}
        }
        Published::Done
    }
}

impl Saved {
    fn is(&self, token: &AccessToken) -> bool {
        self.token.access_token == *token
    }
}

impl fmt::Debug for ScriptedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedStore").field("entries", &self.len()).finish_non_exhaustive()
    }
}

/// How long a token of unknown lifetime is kept.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(60 * 60);

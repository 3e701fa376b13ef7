//! [`ScriptedTransport`]: a transport that plays prepared answers.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    task::{Poll, Waker},
};

use async_trait::async_trait;
use http::{Request, Response};

use crate::{
    body::Body,
    transport::{HttpTransport, TransportError},
};

/// An [`HttpTransport`] that plays one step of a script for each request, and records the requests.
///
/// A clone shares the script and the record. A request after the last step fails with a config error. `Debug`
/// shows the number of steps and requests only.
///
/// ```
/// use cg_auth_core::{
///     testing::ScriptedTransport,
///     transport::{HttpTransport, TransportError},
/// };
/// use http::{Request, Response};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let transport = ScriptedTransport::new()
///     .fail(TransportError::connect("connection refused"))
///     .answer(Response::new("hello".into()));
/// assert!(transport.send(Request::new("first".into())).await.is_err());
/// assert!(transport.send(Request::new("second".into())).await.is_ok());
/// assert_eq!(transport.requests()[1].body().as_bytes(), b"second");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct ScriptedTransport {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Step>,
    requests: Vec<Request<Body>>,
    in_flight: usize,
    /// How many calls of `release` have not yet let a held-back answer go.
    released: usize,
    waiting: Vec<Waker>,
}

enum Step {
    Answer(Response<Body>),
    HoldBack(Response<Body>),
    Fail(TransportError),
    Hang,
    Panic,
}

impl ScriptedTransport {
    /// An empty script.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers the next request with `response`.
    #[must_use]
    pub fn answer(self, response: Response<Body>) -> Self {
        self.then(Step::Answer(response))
    }

    /// Answers the next request with `response`, but not before [`release`](Self::release).
    #[must_use]
    pub fn hold_back(self, response: Response<Body>) -> Self {
        self.then(Step::HoldBack(response))
    }

    /// Fails the next request with `error`.
    #[must_use]
    pub fn fail(self, error: TransportError) -> Self {
        self.then(Step::Fail(error))
    }

    /// Never answers the next request.
    #[must_use]
    pub fn hang(self) -> Self {
        self.then(Step::Hang)
    }

    /// Panics on the next request.
    #[must_use]
    pub fn panic(self) -> Self {
        self.then(Step::Panic)
    }

    /// Releases one held-back answer. If none is waiting yet, the next one is not held back.
    pub fn release(&self) {
        let waiting = self.with_state(|state| {
            state.released += 1;
            std::mem::take(&mut state.waiting)
        });
        waiting.into_iter().for_each(Waker::wake);
    }

    /// All requests so far, in order, with headers and bodies.
    #[must_use]
    pub fn requests(&self) -> Vec<Request<Body>> {
        self.with_state(|state| state.requests.clone())
    }

    /// The number of requests in flight: neither answered, failed nor cancelled.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.with_state(|state| state.in_flight)
    }

    fn then(self, step: Step) -> Self {
        self.with_state(|state| state.script.push_back(step));
        self
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn until_released(&self) {
        poll_fn(|context| {
            // Cloned and dropped outside of the lock, because a waker is code of the program.
            let mut waker = Some(context.waker().clone());
            self.with_state(|state| match state.released.checked_sub(1) {
                Some(left) => {
                    state.released = left;
                    Poll::Ready(())
                }
                None => {
                    state.waiting.extend(waker.take());
                    Poll::Pending
                }
            })
        })
        .await;
    }
}

impl std::fmt::Debug for ScriptedTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (steps, requests) = self.with_state(|state| (state.script.len(), state.requests.len()));
        f.debug_struct("ScriptedTransport").field("steps_left", &steps).field("requests", &requests).finish()
    }
}

#[async_trait]
impl HttpTransport for ScriptedTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let step = self.with_state(|state| {
            state.requests.push(request);
            state.in_flight += 1;
            state.script.pop_front()
        });
        let _under_way = UnderWay(self);
        match step {
            Some(Step::Answer(response)) => Ok(response),
            Some(Step::HoldBack(response)) => {
                self.until_released().await;
                Ok(response)
            }
            Some(Step::Fail(error)) => Err(error),
            Some(Step::Hang) => std::future::pending().await,
            Some(Step::Panic) => panic!("the script of this transport panics here"),
            None => Err(TransportError::config(
                "the script of this transport has ended; add a step for each request",
            )),
        }
    }
}

struct UnderWay<'a>(&'a ScriptedTransport);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.with_state(|state| state.in_flight -= 1);
    }
}

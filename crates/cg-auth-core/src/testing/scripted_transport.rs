//! [`ScriptedTransport`]: answers from a list.

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

/// An [`HttpTransport`] that plays a script, one step for each request, and notes the requests.
///
/// A clone plays the same script. A request beyond the end of the script fails with a config error.
/// `Debug` counts steps and requests; it shows neither.
#[derive(Clone, Default)]
pub struct ScriptedTransport {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Step>,
    requests: Vec<Request<Body>>,
    under_way: usize,
    /// How many of the answers that are held back may go.
    released: usize,
    held_back: Vec<Waker>,
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

    /// The next request is answered with `response`.
    #[must_use]
    pub fn answer(self, response: Response<Body>) -> Self {
        self.then(Step::Answer(response))
    }

    /// The next request is answered with `response`, but not before [`release`](Self::release).
    #[must_use]
    pub fn hold_back(self, response: Response<Body>) -> Self {
        self.then(Step::HoldBack(response))
    }

    /// The next request fails with `error`.
    #[must_use]
    pub fn fail(self, error: TransportError) -> Self {
        self.then(Step::Fail(error))
    }

    /// The next request is never answered.
    #[must_use]
    pub fn hang(self) -> Self {
        self.then(Step::Hang)
    }

    /// The next request panics.
    #[must_use]
    pub fn panic(self) -> Self {
        self.then(Step::Panic)
    }

    /// Lets one answer go that is held back, or the next one that would be.
    pub fn release(&self) {
        let held_back = self.with_state(|state| {
            state.released += 1;
            std::mem::take(&mut state.held_back)
        });
        held_back.into_iter().for_each(Waker::wake);
    }

    /// The requests so far, in order, with every header and byte.
    #[must_use]
    pub fn requests(&self) -> Vec<Request<Body>> {
        self.with_state(|state| state.requests.clone())
    }

    /// How many requests have neither come to their end nor been cancelled.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.with_state(|state| state.under_way)
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
            self.with_state(|state| match state.released.checked_sub(1) {
                Some(left) => {
                    state.released = left;
                    Poll::Ready(())
                }
                None => {
                    state.held_back.push(context.waker().clone());
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
            state.under_way += 1;
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
            Some(Step::Panic) => panic!("the script of this transport says so"),
            None => Err(TransportError::config("the script of this transport has ended")),
        }
    }
}

struct UnderWay<'a>(&'a ScriptedTransport);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.with_state(|state| state.under_way -= 1);
    }
}

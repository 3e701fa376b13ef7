//! [`ScriptedTransport`]: answers from a list.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
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
}

enum Step {
    Answer(Response<Body>),
    Fail(TransportError),
    Hang,
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

    /// The requests so far, in order, with every header and byte.
    #[must_use]
    pub fn requests(&self) -> Vec<Request<Body>> {
        self.with_state(|state| state.requests.clone())
    }

    fn then(self, step: Step) -> Self {
        self.with_state(|state| state.script.push_back(step));
        self
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
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
            state.script.pop_front()
        });
        match step {
            Some(Step::Answer(response)) => Ok(response),
            Some(Step::Fail(error)) => Err(error),
            Some(Step::Hang) => std::future::pending().await,
            None => Err(TransportError::config("the script of this transport has ended")),
        }
    }
}

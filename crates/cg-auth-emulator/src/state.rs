//! [`State`]: the shared state of a running emulator.

use std::sync::Arc;

use crate::{clock::EmulatorClock, request_log::RequestLog, scripts::ScriptQueue, service::AuthService};

/// The state that the connections and the handle of a running emulator share. Clones share it too.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) service: Arc<AuthService>,
    pub(crate) log: Arc<RequestLog>,
    pub(crate) scripts: Arc<ScriptQueue>,
    pub(crate) clock: EmulatorClock,
}

impl State {
    /// Restores the initial state with a new signing key, so that the service refuses every older token.
    pub(crate) fn reset(&self) {
        self.service.reset();
        self.log.clear();
        self.scripts.reset();
        self.clock.reset();
    }
}

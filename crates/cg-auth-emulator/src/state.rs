//! [`State`]: what a running emulator holds.

use std::sync::Arc;

use crate::{clock::EmulatorClock, request_log::RequestLog, scripts::ScriptQueue, service::AuthService};

/// What the connections and the handle of a running emulator share. A clone is the same state.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) service: Arc<AuthService>,
    pub(crate) log: Arc<RequestLog>,
    pub(crate) scripts: Arc<ScriptQueue>,
    pub(crate) clock: EmulatorClock,
}

impl State {
    /// Restores the state of the start, with a new signing key: the service refuses every older token.
    pub(crate) fn reset(&self) {
        self.service.reset();
        self.log.clear();
        self.scripts.clear();
        self.clock.reset();
    }
}

//! [`State`]: everything that a running emulator holds, shared by its connections and its handle.

use std::sync::Arc;

use crate::{clock::EmulatorClock, request_log::RequestLog, scripts::Scripts, service::Service};

/// A clone is the same state.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) service: Arc<Service>,
    pub(crate) log: Arc<RequestLog>,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) clock: EmulatorClock,
}

impl State {
    /// As it was at the start, but for the key: tokens of before are not accepted.
    pub(crate) fn reset(&self) {
        self.service.reset();
        self.log.clear();
        self.scripts.clear();
        self.clock.reset();
    }
}

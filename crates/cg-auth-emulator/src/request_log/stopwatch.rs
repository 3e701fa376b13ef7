//! [`Stopwatch`]: how long a request takes, by the emulator's clock.

use std::time::Duration;

use cg_auth_core::time::Now;

use crate::clock::EmulatorClock;

/// Runs from the arrival of a request. Under a frozen clock it stands still, so that two runs measure the same.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    clock: EmulatorClock,
    start: Now,
}

impl Stopwatch {
    pub(crate) fn start(clock: &EmulatorClock) -> Self {
        Self { clock: clock.clone(), start: clock.now() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.clock.now().saturating_since(self.start)
    }
}

//! Ctrl-C in a console window, the only stop signal on Windows.

use std::io;

use tokio::signal::windows::{CtrlC, ctrl_c};

use super::stop::Stop;

pub(super) struct Source(CtrlC);

impl Source {
    pub(super) fn new() -> io::Result<Self> {
        ctrl_c().map(Self)
    }

    /// A console window has no ignored signals.
    pub(super) fn unless_ignored() -> io::Result<Self> {
        Self::new()
    }

    pub(super) async fn received(&mut self) -> Stop {
        let _ = self.0.recv().await;
        Stop::Interrupt
    }
}

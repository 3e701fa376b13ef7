//! SIGINT, SIGTERM and, unless `nohup` started the process, SIGHUP.

use std::{future::pending, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::stop::Stop;

pub(super) struct Source {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Option<Signal>,
}

impl Source {
    pub(super) fn new() -> io::Result<Self> {
        let hang_up = if ignores_hang_up() { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up,
        })
    }

    pub(super) async fn received(&mut self) -> Stop {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
            _ = hang_up => Stop::HangUp,
        }
    }
}

/// Whether the process ignores SIGHUP because `nohup` started it. If the system does not report this, the
/// result is true, because listening for the signal would undo `nohup`.
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is signal 1, so it is the lowest bit.
    ignored.is_none_or(|mask| mask & 1 != 0)
}

//! SIGINT, SIGTERM and, unless `nohup` started the process, SIGHUP.

use std::{future::pending, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::stop::Stop;

pub(super) struct Source {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
}

impl Source {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: Some(signal(SignalKind::interrupt())?),
            terminate: Some(signal(SignalKind::terminate())?),
            hang_up: listen_unless_ignored(SignalKind::hangup())?,
        })
    }

    /// Leaves each signal alone that the process was started to ignore.
    pub(super) fn unless_ignored() -> io::Result<Self> {
        Ok(Self {
            interrupt: listen_unless_ignored(SignalKind::interrupt())?,
            terminate: listen_unless_ignored(SignalKind::terminate())?,
            hang_up: listen_unless_ignored(SignalKind::hangup())?,
        })
    }

    pub(super) async fn received(&mut self) -> Stop {
        tokio::select! {
            () = next(&mut self.interrupt) => Stop::Interrupt,
            () = next(&mut self.terminate) => Stop::Terminate,
            () = next(&mut self.hang_up) => Stop::HangUp,
        }
    }
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

fn listen_unless_ignored(kind: SignalKind) -> io::Result<Option<Signal>> {
    if is_ignored(kind) { Ok(None) } else { signal(kind).map(Some) }
}

/// Whether the process ignores the signal, for instance because `nohup` started it. If the system does not
/// report this, the result is true, because listening for the signal would undo it.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Signal 1 is the lowest bit.
    ignored.is_none_or(|mask| mask & (1 << (kind.as_raw_value() - 1)) != 0)
}

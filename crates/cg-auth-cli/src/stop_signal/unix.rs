//! SIGINT, SIGTERM and, unless the process was told to survive its terminal, SIGHUP.

use std::{future::pending, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Stop;

pub(super) struct Source {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Option<Signal>,
}

impl Source {
    pub(super) fn new() -> io::Result<Self> {
        let hang_up = if leaves_hang_up_alone() { None } else { Some(signal(SignalKind::hangup())?) };
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

/// Whether `nohup` started the process, or nothing tells: listening would undo what it did.
fn leaves_hang_up_alone() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is number 1, and so the lowest bit.
    ignored.is_none_or(|mask| mask & 1 != 0)
}

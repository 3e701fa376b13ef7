//! [`TerminalLoan`]: lends the terminal to the command, so that it can prompt.
//!
//! The command leads a process group in the background. If it reads from the terminal, the system stops it, as
//! a shell's background job. This process then puts the group into the foreground, as a shell does with `fg`,
//! and takes the terminal back when the command ends. Ctrl-Z stops both, and the shell continues both.

use std::{fs::File, os::unix::process::ExitStatusExt as _, process::ExitStatus};

use nix::sys::signal::{SigSet, Signal as NixSignal};
use rustix::{
    process::{
        Pid, Signal, WaitId, WaitIdOptions, getpgrp, kill_current_process_group, kill_process_group, waitid,
    },
    termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp},
};

use crate::terminal;

/// The controlling terminal, and the group that it is lent to.
pub(super) struct TerminalLoan {
    terminal: Option<File>,
    lent: Option<(Pid, Option<Termios>)>,
    /// Whether the terminal was ever lent, so that Ctrl-C went to the command and not to this process.
    was_lent: bool,
}

impl TerminalLoan {
    pub(super) fn new() -> Self {
        Self { terminal: terminal::controlling(), lent: None, was_lent: false }
    }

    /// If the command that leads `group` has stopped, lends it the terminal if it needs that, and continues it.
    pub(super) fn serve(&mut self, group: Pid) {
        let stopped = waitid(WaitId::Pid(group), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG);
        let Some(signal) = stopped.ok().flatten().and_then(|status| status.stopping_signal()) else { return };
        let wants_terminal = signal == Signal::TTIN.as_raw() || signal == Signal::TTOU.as_raw();
        if !(wants_terminal && self.lend(group)) {
            // Stops this process too, until the shell continues it. Without such a shell nothing happens.
            self.take_back();
            let _ = kill_current_process_group(if wants_terminal { Signal::TTIN } else { Signal::TSTP });
            if !self.lend(group) && wants_terminal {
                return;
            }
        }
        let _ = kill_process_group(group, Signal::CONT);
    }

    /// Puts `group` into the foreground, if this process is there.
    fn lend(&mut self, group: Pid) -> bool {
        let Some(terminal) = self.terminal.as_ref().filter(|terminal| terminal::is_foreground(terminal))
        else {
            return false;
        };
        let mode = tcgetattr(terminal).ok();
        let is_lent = tcsetpgrp(terminal, group).is_ok();
        if is_lent {
            self.lent = Some((group, mode));
            self.was_lent = true;
        }
        is_lent
    }

    /// Puts this process back into the foreground, and restores the mode of the terminal.
    pub(super) fn take_back(&mut self) {
        let (Some(terminal), Some((group, mode))) = (&self.terminal, self.lent.take()) else { return };
        if tcgetpgrp(terminal) != Ok(group) {
            return;
        }
        // A process in the background may change the terminal only while this signal is blocked.
        let mut blocked = SigSet::empty();
        blocked.add(NixSignal::SIGTTOU);
        if blocked.thread_block().is_ok() {
            // An error is ignored: the terminal is gone.
            let _ = tcsetpgrp(terminal, getpgrp());
            if let Some(mode) = mode {
                let _ = tcsetattr(terminal, OptionalActions::Now, &mode);
            }
            let _ = blocked.thread_unblock();
        }
    }

    /// If Ctrl-C ended the command while it had the terminal, sends the signal to the group of this process,
    /// which would have received it otherwise, and never returns.
    pub(super) async fn pass_on_interrupt(&self, status: ExitStatus) {
        let number = Signal::INT.as_raw();
        let is_interrupted = status.signal() == Some(number) || status.code() == Some(128 + number);
        if self.was_lent && is_interrupted && kill_current_process_group(Signal::INT).is_ok() {
            std::future::pending::<()>().await;
        }
    }
}

//! Runs a command as a child process, for `cg-auth emulator -- COMMAND` and `cg-auth proxy -- COMMAND`.

use std::process::{self, ExitCode, ExitStatus};

use tokio::process::Command;

use crate::{
    failure::Failure,
    stop_signal::{Stop, StopSignal},
};

/// Runs `command` to its end. Stop signals are passed on to it; the third one kills it.
pub(crate) async fn run(command: process::Command, stop: &mut StopSignal) -> Result<ExitCode, Failure> {
    let program = command.get_program().to_owned();
    let not_run = |source| Failure::Command { program: program.to_string_lossy().into_owned(), source };
    let mut child = Command::from(command).kill_on_drop(true).spawn().map_err(not_run)?;
    let mut signals = 0;
    loop {
        tokio::select! {
            status = child.wait() => return status.map(exit_code).map_err(not_run),
            signal = stop.received() => {
                signals += 1;
                if signals == LAST_SIGNAL {
                    // An error is ignored, because the command may just have ended.
                    let _ = child.start_kill();
                    return Ok(ExitCode::from(signal.exit_code()));
                }
                pass_on(signal, child.id());
            }
        }
    }
}

/// The exit code of the command; if a signal ended it, 128 and the number of the signal, as in shells.
fn exit_code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signal: Option<i32> = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or(signal.map(|number| 128 + number));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Sends `signal` to the command. A terminal sends Ctrl-C to its whole foreground group, so the command has
/// already received that signal, whatever the standard streams are connected to.
#[cfg(unix)]
fn pass_on(signal: Stop, child: Option<u32>) {
    use crate::terminal;
    use rustix::process::{Pid, Signal, kill_process};
    let signal = match signal {
        Stop::Interrupt => Signal::INT,
        Stop::Terminate => Signal::TERM,
        Stop::HangUp => Signal::HUP,
    };
    let is_at_terminal = terminal::controlling().is_some_and(|terminal| terminal::is_foreground(&terminal));
    if signal == Signal::INT && is_at_terminal {
        return;
    }
    let child = child.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(child) = child {
        // An error is ignored, because the command may just have ended.
        let _ = kill_process(child, signal);
    }
}

#[cfg(not(unix))]
fn pass_on(_: Stop, _: Option<u32>) {}

/// The number of the stop signal that kills the command, in case it ignores the earlier ones.
const LAST_SIGNAL: u32 = 3;

//! Runs the command after `--`, for `cg-auth exec`, `cg-auth proxy` and `cg-auth emulator`.

mod without_secrets;

use std::{
    ffi::OsString,
    process::{self, ExitCode, ExitStatus},
};

use tokio::process::Command;

pub(crate) use self::without_secrets::{ACCESS_TOKEN, EXPIRES_AT_SUFFIX, without_secrets};
use crate::{
    failure::Failure,
    stop_signal::{Stop, StopSignal},
};

/// A command from its program and its arguments.
pub(crate) fn command(words: &[OsString]) -> process::Command {
    let (program, arguments) =
        words.split_first().map_or((OsString::new(), words), |(first, rest)| (first.clone(), rest));
    let mut command = process::Command::new(program);
    command.args(arguments);
    command
}

/// Runs `command` as a child process to its end. Stop signals are passed on to it; the third one kills it.
pub(crate) async fn run(command: process::Command, stop: &mut StopSignal) -> Result<ExitCode, Failure> {
    let mut command = Command::from(command);
    let not_run = |command: &Command, source| Failure::command(command.as_std(), source);
    let mut child = command.kill_on_drop(true).spawn().map_err(|source| not_run(&command, source))?;
    let mut signals = 0;
    loop {
        tokio::select! {
            status = child.wait() => return status.map(exit_code).map_err(|source| not_run(&command, source)),
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

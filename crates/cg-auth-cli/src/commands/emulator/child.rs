//! The command that an emulator is started for.

use std::{
    ffi::{OsStr, OsString},
    process::{ExitCode, ExitStatus},
};

use tokio::process::Command;

use crate::{
    failure::Failure,
    settings::variable,
    stop_signal::{Stop, StopSignal},
};

/// Runs `program` to its end with `environment` added to its own, passing on the signals that would stop
/// this process.
pub(super) async fn run(
    program: &OsStr,
    arguments: &[OsString],
    environment: &[(&'static str, String)],
    stop: &mut StopSignal,
) -> Result<ExitCode, Failure> {
    let not_started = |source| Failure::Command { program: program.to_string_lossy().into_owned(), source };
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    // What would lead the command to another service than this one. A file without profiles stands in for
    // the one of the user, which is found without a variable too.
    command.env(variable::CONFIG.name, NULL_DEVICE);
    for variable in [
        variable::PROFILE,
        variable::CLIENT_SECRET_FILE,
        variable::REFRESH_TOKEN,
        variable::CA_FILE,
        variable::PROXY,
    ] {
        command.env_remove(variable.name);
    }
    let mut child = command.envs(environment.iter().cloned()).spawn().map_err(not_started)?;
    let mut signals = 0;
    loop {
        tokio::select! {
            status = child.wait() => return status.map(exit_code).map_err(not_started),
            signal = stop.received() => {
                signals += 1;
                if signals == LAST_SIGNAL {
                    // It may have ended this very moment.
                    let _ = child.start_kill();
                    return Ok(ExitCode::from(signal.exit_code()));
                }
                pass_on(signal, child.id());
            }
        }
    }
}

/// The command's own code or, where a signal ended it, 128 and the signal's number, as shells have it.
fn exit_code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signal: Option<i32> = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or(signal.map(|number| 128 + number));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// A terminal tells everybody in front of it of a Ctrl-C, the command too: that one is not told twice.
#[cfg(unix)]
fn pass_on(signal: Stop, child: Option<u32>) {
    use rustix::process::{Pid, Signal, getpgrp, kill_process};
    let signal = match signal {
        Stop::Interrupt => Signal::INT,
        Stop::Terminate => Signal::TERM,
        Stop::HangUp => Signal::HUP,
    };
    let group_in_front = rustix::termios::tcgetpgrp(std::io::stdin())
        .or_else(|_| rustix::termios::tcgetpgrp(std::io::stderr()));
    if signal == Signal::INT && group_in_front == Ok(getpgrp()) {
        return;
    }
    let child = child.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(child) = child {
        // It may have ended this very moment.
        let _ = kill_process(child, signal);
    }
}

#[cfg(not(unix))]
fn pass_on(_: Stop, _: Option<u32>) {}

/// Whoever asks a third time wants no more patience with a command that does not listen.
const LAST_SIGNAL: u32 = 3;

const NULL_DEVICE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

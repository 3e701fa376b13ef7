//! Stops the emulator when the process that started it has ended.

use std::io;

/// Starts a thread that sends SIGTERM to this process once its parent has ended, as a supervisor would: the
/// first signal stops the emulator or goes to the command, the third one kills a command that ignores it.
///
/// The thread asks for the parent's id at an interval. The kernel's own notice needs unsafe code, and exists on
/// Linux only.
#[cfg(unix)]
pub(super) fn stop_when_it_ends() -> io::Result<()> {
    use rustix::process::{Signal, getpid, getppid, kill_process};
    use std::thread;

    let parent = getppid();
    let is_adopted = is_adopted();
    thread::Builder::new().spawn(move || {
        while !is_adopted && getppid() == parent {
            thread::sleep(INTERVAL);
        }
        loop {
            // An error is ignored, because a process may always send a signal to itself.
            let _ = kill_process(getpid(), Signal::TERM);
            thread::sleep(PAUSE);
        }
    })?;
    Ok(())
}

/// Whether the process that started this one had ended before this one looked for it, so that another process,
/// such as init, has adopted this one.
///
/// A process has the session of the process that started it, unless it leads a session of its own. In the
/// session of the adopter, as in a container whose processes are all in one, the end stays unnoticed.
#[cfg(unix)]
fn is_adopted() -> bool {
    use nix::unistd::{getpid, getppid, getsid};

    match (getsid(None), getsid(Some(getppid()))) {
        (Ok(own), Ok(parents)) => own != parents && own != getpid(),
        _ => false,
    }
}

#[cfg(not(unix))]
pub(super) fn stop_when_it_ends() -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// How often the thread looks for the parent.
#[cfg(unix)]
const INTERVAL: std::time::Duration = std::time::Duration::from_millis(250);
/// The time between two signals.
#[cfg(unix)]
const PAUSE: std::time::Duration = std::time::Duration::from_secs(2);

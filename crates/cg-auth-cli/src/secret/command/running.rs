//! [`Running`]: the running command, its process group and its output.

use std::{io, process::ExitStatus};

use tokio::{
    io::AsyncReadExt as _,
    process::{Child, ChildStdout, Command},
};
use zeroize::Zeroizing;

/// The output of the command, and its exit status.
pub(super) type Output = (Zeroizing<Vec<u8>>, ExitStatus);

/// A running command. Dropping it ends the command and, on Unix, the process group that it leads.
pub(super) struct Running {
    child: Child,
    stdout: Option<ChildStdout>,
    #[cfg(unix)]
    group: unix::Group,
}

impl Running {
    /// Starts `command` in a process group of its own.
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        #[cfg(unix)]
        let changes = unix::Group::changes()?;
        let mut child = command.kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take();
        Ok(Self {
            #[cfg(unix)]
            group: unix::Group::of(&child, changes),
            child,
            stdout,
        })
    }

    /// The output until the command itself ends, at most one byte more than `limit`. Its children may keep
    /// the pipe open.
    pub(super) async fn output(mut self, limit: usize) -> io::Result<Output> {
        let limit = limit + 1;
        // The buffer has its full size from the start, because a reallocation would leave a copy of the secret.
        let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
        let mut stdout = self.stdout.take();
        let status = loop {
            let read = async {
                match &mut stdout {
                    Some(stdout) => stdout.take((limit - bytes.len()) as u64).read_buf(&mut *bytes).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                length = read => match length? {
                    0 => stdout = None,
                    _ if bytes.len() == limit => return Err(too_long(limit - 1)),
                    _ => {}
                },
                status = self.wait() => break status?,
            }
        };
        #[cfg(unix)]
        self.group.pass_on_interrupt(status).await;
        if let Some(stdout) = stdout {
            drain(stdout, &mut bytes, limit).await?;
        }
        Ok((bytes, status))
    }

    #[cfg(unix)]
    async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.group.wait(&mut self.child).await
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }
}

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        self.group.end(&mut self.child);
    }
}

fn too_long(limit: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("longer than {limit} bytes"))
}

/// Reads what the command had written into the pipe before it ended, without waiting for its children.
#[cfg(unix)]
async fn drain(stdout: ChildStdout, bytes: &mut Vec<u8>, limit: usize) -> io::Result<()> {
    use std::{fs::File, io::Read as _};
    let pipe = stdout.into_owned_fd()?;
    rustix::io::ioctl_fionbio(&pipe, true)?;
    match File::from(pipe).take((limit - bytes.len()) as u64).read_to_end(bytes) {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
async fn drain(stdout: ChildStdout, bytes: &mut Vec<u8>, limit: usize) -> io::Result<()> {
    stdout.take((limit - bytes.len()) as u64).read_to_end(bytes).await.map(drop)
}

#[cfg(unix)]
mod unix {
    use std::{io, process::ExitStatus, thread::sleep, time::Duration};

    use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
    use tokio::{
        process::Child,
        signal::unix::{self, SignalKind},
    };

    use crate::secret::command::terminal_loan::TerminalLoan;

    /// The process group that the command leads.
    pub(super) struct Group {
        id: Option<Pid>,
        /// SIGCHLD, which tells that the command has ended or stopped.
        changes: unix::Signal,
        terminal: TerminalLoan,
    }

    impl Group {
        /// The signal that must be listened to before the command starts.
        pub(super) fn changes() -> io::Result<unix::Signal> {
            unix::signal(SignalKind::child())
        }

        pub(super) fn of(child: &Child, changes: unix::Signal) -> Self {
            let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            Self { id, changes, terminal: TerminalLoan::new() }
        }

        /// Waits until the command has ended, and lends it the terminal if it asks for it.
        pub(super) async fn wait(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
            loop {
                if let Some(id) = self.id {
                    self.terminal.serve(id);
                }
                tokio::select! {
                    status = child.wait() => {
                        let status = status?;
                        // The children of a command that has ended may go on, as those of an agent do.
                        self.id = None;
                        self.terminal.take_back();
                        return Ok(status);
                    }
                    _ = self.changes.recv() => {}
                }
            }
        }

        /// See [`TerminalLoan::pass_on_interrupt`].
        pub(super) async fn pass_on_interrupt(&self, status: ExitStatus) {
            self.terminal.pass_on_interrupt(status).await;
        }

        /// Ends the group if the command has not ended: politely at first, by force after a moment.
        pub(super) fn end(&mut self, child: &mut Child) {
            let Some(id) = self.id.take() else { return };
            for signal in [Signal::TERM, Signal::CONT] {
                // An error is ignored, because the group may just have ended.
                let _ = kill_process_group(id, signal);
            }
            // A command that was not waited for still counts as a member.
            let mut is_gone =
                || matches!(child.try_wait(), Ok(Some(_))) && test_kill_process_group(id).is_err();
            let ended_politely = (0..POLLS).any(|_| {
                sleep(POLL);
                is_gone()
            });
            if !ended_politely {
                let _ = kill_process_group(id, Signal::KILL);
            }
            self.terminal.take_back();
        }
    }

    const POLL: Duration = Duration::from_millis(5);
    /// A second, which is less than the time after which a signal ends this process by force.
    const POLLS: u32 = 200;
}

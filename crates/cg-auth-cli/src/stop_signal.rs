//! [`StopSignal`]: Ctrl-C, SIGTERM and SIGHUP, which ask the process to end.

mod stop;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::{
    io,
    process::exit,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use tokio::sync::mpsc;

pub(crate) use self::stop::Stop;
#[cfg(unix)]
use self::unix::Source;
#[cfg(windows)]
use self::windows::Source;

/// Listens for stop signals on its own thread, so that a blocked read or write on another thread does not
/// delay them. If the process still runs [`GRACE`] after the first signal, the thread ends the process.
pub(crate) struct StopSignal {
    received: mpsc::Receiver<Stop>,
    forces_exit: Arc<AtomicBool>,
}

impl StopSignal {
    /// Starts to listen.
    pub(crate) fn new() -> io::Result<Self> {
        Self::listening(Source::new)
    }

    /// Starts to listen, except for signals that this process was started to ignore. A command that replaces
    /// this process inherits the others at their default.
    pub(crate) fn unless_ignored() -> io::Result<Self> {
        Self::listening(Source::unless_ignored)
    }

    fn listening(source: fn() -> io::Result<Source>) -> io::Result<Self> {
        let (send, received) = mpsc::channel(CAPACITY);
        let (started, outcome) = sync_channel(1);
        let forces_exit = Arc::new(AtomicBool::new(true));
        let shared = Arc::clone(&forces_exit);
        thread::Builder::new().spawn(move || listen(source, &started, &send, &shared))?;
        outcome
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that listens for signals ended")))?;
        Ok(Self { received, forces_exit })
    }

    /// Waits for the next signal.
    pub(crate) async fn received(&mut self) -> Stop {
        match self.received.recv().await {
            Some(stop) => stop,
            None => std::future::pending().await,
        }
    }

    /// From now on no signal ends the process by force: the caller handles each signal itself.
    pub(crate) fn disable_forced_exit(&self) {
        self.forces_exit.store(false, Ordering::Relaxed);
    }
}

fn listen(
    source: fn() -> io::Result<Source>,
    started: &SyncSender<io::Result<()>>,
    send: &mpsc::Sender<Stop>,
    forces_exit: &AtomicBool,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.and_then(|runtime| {
        let _entered = runtime.enter();
        source().map(|source| (runtime, source))
    });
    let (runtime, mut source) = match outcome {
        Ok(both) => both,
        Err(error) => return drop(started.send(Err(error))),
    };
    let _ = started.send(Ok(()));
    runtime.block_on(async {
        let first = source.received().await;
        let _ = send.try_send(first);
        let grace = tokio::time::sleep(GRACE);
        tokio::pin!(grace);
        loop {
            tokio::select! {
                // If the channel is full, the signal is dropped: the queued signals are enough to stop.
                next = source.received() => drop(send.try_send(next)),
                () = &mut grace, if !grace.is_elapsed() => {
                    if forces_exit.load(Ordering::Relaxed) {
                        exit(first.exit_code().into());
                    }
                }
            }
        }
    });
}

/// Enough time to stop child processes and to remove temporary files. Work that takes longer is blocked by
/// another process.
const GRACE: Duration = Duration::from_secs(2);
const CAPACITY: usize = 16;

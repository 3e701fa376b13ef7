//! [`StopSignal`]: the wish of a person or an init system that the process end.

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

#[cfg(unix)]
use self::unix::Source;
#[cfg(windows)]
use self::windows::Source;

/// Listens from the moment it is made, on a thread of its own: whoever else waits for a file or for a reader,
/// this does not. Where the first signal has not ended the process within [`GRACE`], the thread does.
pub(crate) struct StopSignal {
    received: mpsc::Receiver<Stop>,
    is_patient: Arc<AtomicBool>,
}

/// Which of them came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    /// Ctrl-C, or SIGINT from elsewhere.
    #[error("interrupted")]
    Interrupt,
    #[cfg(unix)]
    #[error("terminated")]
    Terminate,
    /// The terminal has gone away.
    #[cfg(unix)]
    #[error("hung up")]
    HangUp,
}

impl Stop {
    /// 128 and the number of the signal, as shells have it.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            #[cfg(unix)]
            Self::Terminate => 143,
            #[cfg(unix)]
            Self::HangUp => 129,
        }
    }
}

impl StopSignal {
    pub(crate) fn new() -> io::Result<Self> {
        let (send, received) = mpsc::channel(CAPACITY);
        let (started, outcome) = sync_channel(1);
        let is_patient = Arc::new(AtomicBool::new(false));
        let patience = Arc::clone(&is_patient);
        thread::Builder::new().spawn(move || listen(&started, &send, &patience))?;
        outcome.recv().unwrap_or_else(|_| Err(io::Error::other("no signal can be listened to")))?;
        Ok(Self { received, is_patient })
    }

    /// The next one.
    pub(crate) async fn received(&mut self) -> Stop {
        match self.received.recv().await {
            Some(stop) => stop,
            None => std::future::pending().await,
        }
    }

    /// From here on whoever takes the signals decides when the process ends.
    pub(crate) fn be_patient(&self) {
        self.is_patient.store(true, Ordering::Relaxed);
    }
}

fn listen(started: &SyncSender<io::Result<()>>, send: &mpsc::Sender<Stop>, is_patient: &AtomicBool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.and_then(|runtime| {
        let _entered = runtime.enter();
        Source::new().map(|source| (runtime, source))
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
                // More than fit say no more than those that do.
                next = source.received() => drop(send.try_send(next)),
                () = &mut grace, if !grace.is_elapsed() => {
                    if !is_patient.load(Ordering::Relaxed) {
                        exit(first.exit_code().into());
                    }
                }
            }
        }
    });
}

/// Enough to stop child processes and to remove temporary files; what takes longer waits for somebody else.
const GRACE: Duration = Duration::from_secs(2);
const CAPACITY: usize = 16;

//! The one runtime of the process, and how a signal ends what runs on it.

use std::future::{Future, pending};

use crate::{failure::Failure, stop_signal::StopSignal};

/// Runs `work` to its end.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::Runtime)?;
    let outcome = runtime.block_on(work);
    // A name look-up or a read that hangs sits on a thread of its own; the process does not wait for it.
    runtime.shutdown_background();
    outcome
}

/// `work`, unless Ctrl-C, SIGTERM or SIGHUP comes first: then it is dropped where it awaits something, which
/// stops its child processes and removes its temporary files. An answer that is there already is not thrown
/// away: it may hold the only copy of a token. Where a file or a reader holds up this very thread, nothing is
/// dropped: [`StopSignal`] ends the process after its time of grace.
pub(crate) async fn interruptible<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut stop = StopSignal::new().map_err(Failure::Runtime)?;
    tokio::select! {
        biased;
        outcome = work => outcome,
        signal = stop.received() => Err(Failure::Stopped(signal)),
    }
}

/// What `work` gives, which may wait for a file, a pipe or a person, so that it holds nothing else up.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Cancelled: only when the runtime shuts down, after which nobody asks.
            Err(_) => pending().await,
        },
    }
}

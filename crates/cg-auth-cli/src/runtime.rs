//! The async runtime of the process, and how a signal ends the work that runs on it.

use std::future::Future;

use crate::{failure::Failure, stop_signal::StopSignal};

/// Runs `work` to its end on a new runtime.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::Runtime)?;
    let outcome = runtime.block_on(work);
    // A name look-up or a read that hangs runs on a thread of its own. The process does not wait for that
    // thread.
    runtime.shutdown_background();
    outcome
}

/// Runs `work` until it ends or a stop signal arrives.
///
/// A signal drops `work` at its next await, which ends its child processes and removes its temporary files.
/// If `work` has finished by then, its result is returned, because it may hold the only copy of a token. Work
/// that blocks this thread is never dropped: then [`StopSignal`] ends the process after its grace period.
pub(crate) async fn interruptible<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut stop = StopSignal::new().map_err(Failure::Runtime)?;
    tokio::select! {
        biased;
        outcome = work => outcome,
        signal = stop.received() => Err(Failure::Stopped(signal)),
    }
}

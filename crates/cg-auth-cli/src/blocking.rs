//! [`blocking`]: runs work that may block on a thread of its own.

use std::future::pending;

/// Runs `work` on a thread where it may wait for a file, a pipe or a person, and returns its result.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime cancels the work only during its shutdown, when this future is no longer polled.
            Err(_) => pending().await,
        },
    }
}

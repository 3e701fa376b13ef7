//! Time as values ([`Now`], [`CoarseNow`]) and the trait of a program's clocks, timers and tasks
//! ([`Runtime`]).

mod clocks;
mod now;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))] // which has neither threads nor clocks
mod thread_runtime;
#[cfg(any(feature = "tokio", not(all(target_family = "wasm", target_os = "unknown"))))]
mod thread_timer;
#[cfg(feature = "tokio")]
mod tokio_runtime;

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

pub use self::now::{CoarseNow, Now};
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use self::thread_runtime::ThreadRuntime;
#[cfg(feature = "tokio")]
pub use self::tokio_runtime::TokioRuntime;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The clocks, timers and background tasks of a program.
///
/// `TokioRuntime` (feature `tokio`) is the implementation for tokio, and `ThreadRuntime` the one for programs
/// without async. A program on another executor writes its own.
pub trait Runtime: Send + Sync + fmt::Debug {
    /// Reads every clock.
    fn now(&self) -> Now;

    /// Reads the clocks for the hit path. The default calls [`now`](Self::now).
    fn coarse_now(&self) -> CoarseNow {
        self.now().into()
    }

    /// A future that is ready once `duration` has passed.
    ///
    /// Neither this call nor a poll of the future may panic, on any thread, because a caller without a token
    /// waits on it. If there is no timer, the future is ready at once, so that a time limit ends a wait too
    /// early rather than never. An implementation may set up its timer at the first poll.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Runs `task` in the background.
    ///
    /// # Errors
    /// Returns `task` itself if the runtime cannot run it. A later caller may try again with the same task.
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>>;
}

/// The output of `future`, or `None` once `limit` has passed. The future is polled before the timer, so a
/// result in time is never lost.
pub(crate) async fn within<T>(
    runtime: &dyn Runtime,
    limit: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut timer = runtime.sleep(limit);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
    .await
}

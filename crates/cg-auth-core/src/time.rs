//! Time as a value ([`Now`]) and as a seam ([`Runtime`]). No other file asks the operating system for it.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::LazyLock,
    time::{Duration, Instant, SystemTime},
};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One moment, read from two clocks.
///
/// The wall clock can be set by anyone at any time; the monotonic clock cannot, but means nothing outside
/// the [`Runtime`] it came from. Durations are measured with the second, dates are told with the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    monotonic: Duration,
    wall: SystemTime,
}

impl Now {
    /// A moment from a reading of each clock.
    #[must_use]
    pub const fn new(monotonic: Duration, wall: SystemTime) -> Self {
        Self { monotonic, wall }
    }

    /// Reads the clocks of the operating system.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // the one place that may
    pub fn system() -> Self {
        static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        let origin = *ORIGIN;
        Self::new(Instant::now().saturating_duration_since(origin), SystemTime::now())
    }

    /// Time since a fixed but arbitrary origin of the clock that this moment was read from.
    #[must_use]
    pub const fn monotonic(&self) -> Duration {
        self.monotonic
    }

    /// What the wall clock says.
    #[must_use]
    pub const fn wall(&self) -> SystemTime {
        self.wall
    }

    /// Monotonic time since `earlier`; zero if that is later.
    #[must_use]
    pub const fn saturating_since(&self, earlier: Self) -> Duration {
        self.monotonic.saturating_sub(earlier.monotonic)
    }
}

/// What a client needs of its surroundings besides a transport: clocks, timers, tasks.
///
/// `TokioRuntime` (feature `tokio`) is the usual one; a program on another executor brings its own.
pub trait Runtime: Send + Sync + fmt::Debug {
    /// Reads both clocks.
    fn now(&self) -> Now;

    /// A future that is ready once `duration` has passed. It is polled only where time really is short,
    /// so an implementation may do its set-up at the first poll.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Runs `task` in the background.
    ///
    /// # Errors
    /// Gives the task back when there is nothing to run it on.
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>>;
}

#[cfg(feature = "tokio")]
pub use self::tokio_runtime::TokioRuntime;

#[cfg(feature = "tokio")]
mod tokio_runtime {
    use super::{BoxFuture, Duration, Now, Runtime};

    /// The [`Runtime`] of programs on tokio. Its timers belong to the tokio runtime that polls them, which
    /// must have its time driver enabled: tokio panics where a call has to wait and there is none.
    #[derive(Debug, Clone, Copy, Default)]
    #[non_exhaustive]
    pub struct TokioRuntime;

    impl TokioRuntime {
        /// The runtime that the polling thread is in.
        #[must_use]
        pub const fn current() -> Self {
            Self
        }
    }

    impl Runtime for TokioRuntime {
        fn now(&self) -> Now {
            Now::system()
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
            // The timer is made at the first poll: making it needs a runtime, and a call that never has to
            // wait needs none.
            Box::pin(async move { tokio::time::sleep(duration).await })
        }

        fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
            match tokio::runtime::Handle::try_current() {
                Ok(handle) => {
                    handle.spawn(task);
                    Ok(())
                }
                Err(_) => Err(task),
            }
        }
    }
}

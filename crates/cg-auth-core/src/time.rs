//! Time as a value ([`Now`], [`CoarseNow`]) and as a seam ([`Runtime`]). Only `clocks` asks the operating system.

mod clocks;

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One moment, read from every clock there is.
///
/// The wall clock can be set by anyone at any time. The monotonic clock cannot, but may stand still while the
/// host is suspended, and means nothing outside the [`Runtime`] it came from. Where the system has one, the
/// boot clock is a monotonic clock that suspension does not stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    monotonic: Duration,
    boot: Option<Duration>,
    wall: SystemTime,
}

impl Now {
    /// A moment from a reading of two clocks.
    #[must_use]
    pub const fn new(monotonic: Duration, wall: SystemTime) -> Self {
        Self { monotonic, boot: None, wall }
    }

    /// The same moment, read from a clock that counts suspension too.
    #[must_use]
    pub const fn with_boot(mut self, boot: Duration) -> Self {
        self.boot = Some(boot);
        self
    }

    /// Reads the clocks of the operating system; the boot clock is there on Linux and Android.
    #[must_use]
    pub fn system() -> Self {
        clocks::now()
    }

    /// Time since a fixed but arbitrary origin of the clock that this moment was read from.
    #[must_use]
    pub const fn monotonic(&self) -> Duration {
        self.monotonic
    }

    /// The same by the clock that counts suspension, if there is one.
    #[must_use]
    pub const fn boot(&self) -> Option<Duration> {
        self.boot
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

    /// The most that any clock says has passed since `earlier`: what has not expired by this has not expired.
    /// A wall clock that was set forward counts as time that passed, since nothing tells it from a suspension
    /// that the other clocks have missed.
    #[must_use]
    pub fn longest_since(&self, earlier: Self) -> Duration {
        let by_boot = self.boot.zip(earlier.boot).map(|(now, then)| now.saturating_sub(then));
        let by_wall = self.wall.duration_since(earlier.wall).unwrap_or_default();
        self.saturating_since(earlier).max(by_boot.unwrap_or_default()).max(by_wall)
    }
}

/// A look at two clocks that is as cheap as the system allows, for answers that are wanted millions of times
/// a second. It may be ahead of a [`Now`] by two ticks of the kernel (20 ms), and is never behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoarseNow {
    monotonic: u64,
    wall: i64,
}

impl CoarseNow {
    /// From nanoseconds of monotonic time and of wall time since 1970, neither of them behind a [`Now`].
    #[must_use]
    pub const fn from_nanos(monotonic: u64, wall: i64) -> Self {
        Self { monotonic, wall }
    }

    /// Looks at the clocks of the operating system: the coarse ones on Linux and Android; elsewhere it costs as
    /// much as [`Now::system`].
    #[must_use]
    pub fn system() -> Self {
        clocks::coarse_now()
    }

    /// Monotonic time, in nanoseconds.
    pub(crate) const fn monotonic_nanos(self) -> u64 {
        self.monotonic
    }

    /// How far the wall clock is ahead of the monotonic one, in nanoseconds: it changes when one of them was
    /// set, or has stood still.
    pub(crate) const fn drift_nanos(self) -> i64 {
        self.wall.wrapping_sub_unsigned(self.monotonic)
    }
}

impl From<Now> for CoarseNow {
    /// What is beyond the numbers (584 years) is at their end.
    fn from(now: Now) -> Self {
        let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let wall = match now.wall.duration_since(UNIX_EPOCH) {
            Ok(after) => nanos(after),
            Err(before) => -nanos(before.duration()),
        };
        Self::from_nanos(u64::try_from(now.monotonic.as_nanos()).unwrap_or(u64::MAX), wall)
    }
}

/// What a client needs of its surroundings besides a transport: clocks, timers, tasks.
///
/// `TokioRuntime` (feature `tokio`) is the usual one; a program on another executor brings its own.
pub trait Runtime: Send + Sync + fmt::Debug {
    /// Reads the clocks.
    fn now(&self) -> Now;

    /// Looks at them in passing. Whoever has nothing cheaper than [`now`](Self::now) leaves this as it is.
    fn coarse_now(&self) -> CoarseNow {
        self.now().into()
    }

    /// A future that is ready once `duration` has passed. It is polled only where time really is short,
    /// so an implementation may do its set-up at the first poll.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Runs `task` in the background.
    ///
    /// # Errors
    /// Gives the task back when there is nothing to run it on.
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>>;

    /// The executor that polls the caller, where there are several: what was begun under one cannot go on under
    /// another.
    fn executor(&self) -> u64 {
        0
    }
}

/// What `future` gives, or `None` once `limit` has passed. A result that is there in time is never lost:
/// it is looked at before the clock.
pub(crate) async fn within<T>(
    runtime: &dyn Runtime,
    limit: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut alarm = runtime.sleep(limit);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => alarm.as_mut().poll(context).map(|()| None),
    })
    .await
}

#[cfg(feature = "tokio")]
pub use self::tokio_runtime::TokioRuntime;

#[cfg(feature = "tokio")]
mod tokio_runtime {
    use std::hash::{DefaultHasher, Hash, Hasher};

    use super::{BoxFuture, CoarseNow, Duration, Now, Runtime};

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

        fn coarse_now(&self) -> CoarseNow {
            CoarseNow::system()
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

        fn executor(&self) -> u64 {
            let mut hasher = DefaultHasher::new();
            tokio::runtime::Handle::try_current().ok().map(|handle| handle.id()).hash(&mut hasher);
            hasher.finish()
        }
    }
}

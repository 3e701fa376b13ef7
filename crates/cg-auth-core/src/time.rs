//! Time as values ([`Now`], [`CoarseNow`]) and the trait of a program's clocks, timers and tasks
//! ([`Runtime`]).

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

/// One moment, read from every clock of the system.
///
/// - The wall clock can be set at any time.
/// - The monotonic clock cannot be set, but may stop while the host is suspended. Its readings can only be
///   compared with others of the same [`Runtime`].
/// - The boot clock, on systems that have one, is a monotonic clock that runs on during suspension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    monotonic: Duration,
    boot: Option<Duration>,
    wall: SystemTime,
}

impl Now {
    /// A moment from readings of the monotonic and the wall clock.
    #[must_use]
    pub const fn new(monotonic: Duration, wall: SystemTime) -> Self {
        Self { monotonic, boot: None, wall }
    }

    /// Adds a reading of the boot clock.
    #[must_use]
    pub const fn with_boot(mut self, boot: Duration) -> Self {
        self.boot = Some(boot);
        self
    }

    /// Reads the clocks of the operating system. Linux and Android have a boot clock.
    #[must_use]
    pub fn system() -> Self {
        clocks::now()
    }

    /// The monotonic clock: the time since a fixed but arbitrary origin.
    #[must_use]
    pub const fn monotonic(&self) -> Duration {
        self.monotonic
    }

    /// The boot clock, if there is one.
    #[must_use]
    pub const fn boot(&self) -> Option<Duration> {
        self.boot
    }

    /// The wall clock.
    #[must_use]
    pub const fn wall(&self) -> SystemTime {
        self.wall
    }

    /// The monotonic time since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(&self, earlier: Self) -> Duration {
        self.monotonic.saturating_sub(earlier.monotonic)
    }

    /// The longest time since `earlier` by any clock.
    ///
    /// Setting the wall clock forward counts as time that has passed, because the other clocks may have
    /// missed a suspension of the host.
    #[must_use]
    pub fn longest_since(&self, earlier: Self) -> Duration {
        let by_boot = self.boot.zip(earlier.boot).map(|(now, then)| now.saturating_sub(then));
        let by_wall = self.wall.duration_since(earlier.wall).unwrap_or_default();
        self.saturating_since(earlier).max(by_boot.unwrap_or_default()).max(by_wall)
    }
}

/// A cheap reading of the monotonic and the wall clock, for the hit path. It is never behind a [`Now`], and
/// ahead of it by at most two ticks of the kernel (20 ms).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoarseNow {
    monotonic: u64,
    wall: i64,
}

impl CoarseNow {
    /// A moment from nanoseconds of monotonic time and of wall time since 1970. Neither may be behind a
    /// [`Now`].
    #[must_use]
    pub const fn from_nanos(monotonic: u64, wall: i64) -> Self {
        Self { monotonic, wall }
    }

    /// Reads the clocks of the operating system. Linux and Android have coarse clocks; on other systems this
    /// costs as much as [`Now::system`].
    #[must_use]
    pub fn system() -> Self {
        clocks::coarse_now()
    }

    /// The monotonic clock, in nanoseconds.
    pub(crate) const fn monotonic_nanos(self) -> u64 {
        self.monotonic
    }

    /// How far the wall clock is ahead of the monotonic clock, in nanoseconds. It changes when one of them is
    /// set or stops.
    pub(crate) const fn drift_nanos(self) -> i64 {
        self.wall.wrapping_sub_unsigned(self.monotonic)
    }
}

impl From<Now> for CoarseNow {
    /// Saturates after 584 years.
    fn from(now: Now) -> Self {
        let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let wall = match now.wall.duration_since(UNIX_EPOCH) {
            Ok(after) => nanos(after),
            Err(before) => -nanos(before.duration()),
        };
        Self::from_nanos(u64::try_from(now.monotonic.as_nanos()).unwrap_or(u64::MAX), wall)
    }
}

/// The clocks, timers and background tasks of a program.
///
/// `TokioRuntime` (feature `tokio`) is the implementation for tokio. A program on another executor writes its
/// own.
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

#[cfg(feature = "tokio")]
pub use self::tokio_runtime::TokioRuntime;

#[cfg(feature = "tokio")]
mod tokio_runtime {
    use tokio::runtime::Handle;

    use super::{BoxFuture, CoarseNow, Duration, Now, Runtime};

    /// The [`Runtime`] of programs on tokio.
    ///
    /// A sleep uses the timer of the tokio runtime that polls it first. Outside of a tokio runtime there is
    /// no timer: the sleep is ready at once, so a call that has to wait there fails with a timeout, and a
    /// task cannot be spawned. Tokio does not tell whether its time driver is enabled, and panics if a sleep
    /// is polled without one: build the runtime with `enable_time` or `enable_all`.
    #[derive(Debug, Clone, Copy, Default)]
    #[non_exhaustive]
    pub struct TokioRuntime;

    impl TokioRuntime {
        /// The value holds no handle: each sleep and each task uses the tokio runtime of its thread.
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
            Box::pin(async move {
                if Handle::try_current().is_ok() {
                    tokio::time::sleep(duration).await;
                }
            })
        }

        fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
            match Handle::try_current() {
                Ok(handle) => {
                    handle.spawn(task);
                    Ok(())
                }
                Err(_) => Err(task),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use std::{pin::pin, task::Context, task::Poll, task::Waker};

        use super::*;

        #[test]
        fn a_sleep_outside_of_a_runtime_is_ready_at_once_and_does_not_panic() {
            let mut sleep = TokioRuntime::current().sleep(Duration::from_secs(3600));
            assert_eq!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
        }

        #[test]
        fn a_sleep_uses_the_timer_of_the_runtime_that_polls_it_first() {
            let sleep = TokioRuntime::current().sleep(Duration::from_millis(1));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                let mut sleep = pin!(sleep);
                assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
                sleep.await;
            });
        }

        #[test]
        fn a_task_is_given_back_outside_of_a_runtime() {
            assert!(TokioRuntime::current().spawn(Box::pin(async {})).is_err());
        }
    }
}

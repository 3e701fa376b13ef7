//! Moments: [`Now`] from every clock, [`CoarseNow`] from the two that are cheap to read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::clocks;

/// One moment, read from every clock of the system.
///
/// - The wall clock can be set at any time.
/// - The monotonic clock cannot be set, but may stop while the host is suspended. Its readings can only be
///   compared with others of the same [`Runtime`](super::Runtime).
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
    ///
    /// WebAssembly without an operating system (`wasm32-unknown-unknown`) has no clocks, and Rust's standard
    /// library panics there. A program for that target passes a [`Runtime`](super::Runtime) with the clocks of
    /// its host to [`AuthClient::with_runtime`](crate::AuthClient::with_runtime), and makes readings with
    /// [`new`](Self::new).
    ///
    /// # Panics
    /// On `wasm32-unknown-unknown` only.
    #[must_use]
    pub fn system() -> Self {
        let (monotonic, boot, wall) = clocks::read();
        Self { monotonic, boot, wall }
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
        match clocks::read_coarse() {
            Some((monotonic, wall)) => Self::from_nanos(monotonic, wall),
            None => Now::system().into(),
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{CoarseNow, Now};

    #[test]
    fn a_coarse_reading_is_never_behind_and_at_most_two_ticks_ahead() {
        for _ in 0..1000 {
            let before = CoarseNow::from(Now::system());
            let coarse = CoarseNow::system();
            let after = CoarseNow::from(Now::system());
            assert!(coarse.monotonic_nanos() >= before.monotonic_nanos());
            let a_tick_more = Duration::from_millis(30).as_nanos() as u64;
            assert!(coarse.monotonic_nanos() <= after.monotonic_nanos() + a_tick_more);
            assert!(coarse.drift_nanos().abs_diff(after.drift_nanos()) < a_tick_more);
        }
    }
}

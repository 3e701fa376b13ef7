//! The clocks of the operating system. Only this file reads them.

pub(super) use self::platform::{coarse_now, now};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod platform {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use rustix::time::{ClockId, Timespec, clock_gettime};

    use crate::time::{CoarseNow, Now};

    pub(in crate::time) fn now() -> Now {
        let monotonic = since_origin(clock_gettime(ClockId::Monotonic));
        Now::new(monotonic, wall(clock_gettime(ClockId::Realtime)))
            .with_boot(since_origin(clock_gettime(ClockId::Boottime)))
    }

    /// The kernel writes the coarse clocks at each tick, so they lag. Adding two ticks puts them ahead.
    pub(in crate::time) fn coarse_now() -> CoarseNow {
        let monotonic = nanos(clock_gettime(ClockId::MonotonicCoarse));
        let wall = nanos(clock_gettime(ClockId::RealtimeCoarse));
        CoarseNow::from_nanos(
            monotonic.cast_unsigned() + TWO_TICKS.cast_unsigned(),
            wall.wrapping_add(TWO_TICKS),
        )
    }

    fn since_origin(time: Timespec) -> Duration {
        Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec.try_into().unwrap_or_default())
    }

    fn wall(time: Timespec) -> SystemTime {
        let nanos = Duration::from_nanos(time.tv_nsec.try_into().unwrap_or_default());
        match u64::try_from(time.tv_sec) {
            Ok(seconds) => UNIX_EPOCH + Duration::from_secs(seconds) + nanos,
            Err(_) => UNIX_EPOCH - Duration::from_secs(time.tv_sec.unsigned_abs()) + nanos,
        }
    }

    /// Saturates in the year 2262.
    const fn nanos(time: Timespec) -> i64 {
        time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
    }

    /// A kernel ticks at least 100 times a second.
    const TWO_TICKS: i64 = 20_000_000;
}

/// `Instant` is the monotonic clock. There is no boot clock and no cheaper reading.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[allow(clippy::disallowed_methods)] // no other file reads the clocks
mod platform {
    use std::{
        sync::LazyLock,
        time::{Instant, SystemTime},
    };

    use crate::time::{CoarseNow, Now};

    pub(in crate::time) fn now() -> Now {
        static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        let origin = *ORIGIN;
        Now::new(Instant::now().saturating_duration_since(origin), SystemTime::now())
    }

    pub(in crate::time) fn coarse_now() -> CoarseNow {
        now().into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{coarse_now, now};
    use crate::time::CoarseNow;

    #[test]
    fn a_coarse_reading_is_never_behind_and_at_most_two_ticks_ahead() {
        for _ in 0..1000 {
            let before = CoarseNow::from(now());
            let coarse = coarse_now();
            let after = CoarseNow::from(now());
            assert!(coarse.monotonic_nanos() >= before.monotonic_nanos());
            let a_tick_more = Duration::from_millis(30).as_nanos() as u64;
            assert!(coarse.monotonic_nanos() <= after.monotonic_nanos() + a_tick_more);
            assert!(coarse.drift_nanos().abs_diff(after.drift_nanos()) < a_tick_more);
        }
    }
}

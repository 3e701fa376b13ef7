//! The clocks of the operating system. Only this file reads them.

pub(super) use self::platform::{monotonic, read, read_coarse};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod platform {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use rustix::time::{ClockId, Timespec, clock_gettime};

    /// The monotonic, the boot and the wall clock.
    pub(in crate::time) fn read() -> (Duration, Option<Duration>, SystemTime) {
        let boot = since_origin(clock_gettime(ClockId::Boottime));
        (monotonic(), Some(boot), wall(clock_gettime(ClockId::Realtime)))
    }

    /// The monotonic clock alone.
    pub(in crate::time) fn monotonic() -> Duration {
        since_origin(clock_gettime(ClockId::Monotonic))
    }

    /// The coarse monotonic and wall clock, in nanoseconds. The kernel writes them at each tick, so they lag;
    /// adding two ticks puts them ahead.
    #[inline]
    pub(in crate::time) fn read_coarse() -> Option<(u64, i64)> {
        let monotonic = nanos(clock_gettime(ClockId::MonotonicCoarse));
        let wall = nanos(clock_gettime(ClockId::RealtimeCoarse));
        Some((monotonic.cast_unsigned() + TWO_TICKS.cast_unsigned(), wall.wrapping_add(TWO_TICKS)))
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
        time::{Duration, Instant, SystemTime},
    };

    pub(in crate::time) fn read() -> (Duration, Option<Duration>, SystemTime) {
        (monotonic(), None, SystemTime::now())
    }

    pub(in crate::time) fn monotonic() -> Duration {
        static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        let origin = *ORIGIN;
        Instant::now().saturating_duration_since(origin)
    }

    pub(in crate::time) const fn read_coarse() -> Option<(u64, i64)> {
        None
    }
}

//! [`EmulatorClock`]: the one clock of the emulator.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cg_auth_core::{
    testing::ManualClock,
    time::{Now, Runtime},
};

/// The emulator's time. It sets `iat` and `exp` of tokens, the `Date` header and the `date` of errors.
///
/// The clock is real time plus an offset, stands still while it is frozen, or is a [`ManualClock`] that the
/// program under test may share. Clones share one clock. The clock stays within the years 1970 to 9999, the
/// range of a `Date` header.
#[derive(Debug, Clone)]
pub struct EmulatorClock(Source);

#[derive(Debug, Clone)]
enum Source {
    System(Arc<Mutex<Offset>>),
    Manual(ManualClock),
}

/// How the clock differs from the system's clocks, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Offset {
    monotonic: i128,
    wall: i128,
    /// The reading of the system's clocks at which the clock was frozen.
    frozen: Option<Now>,
}

/// The clock cannot do that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClockError {
    /// The time is before 1970 or after 9999.
    #[error("the clock shows the years 1970 to 9999 only")]
    BeyondCalendar,
    /// A [`ManualClock`] stands still until it is advanced, so it cannot run.
    #[error("the clock is a manual clock, which does not run by itself; advance it")]
    Manual,
}

impl EmulatorClock {
    /// The emulator's current time.
    #[must_use]
    pub fn now(&self) -> Now {
        let now = match &self.0 {
            Source::System(offset) => lock(offset).now(),
            Source::Manual(clock) => clock.now(),
        };
        Now::new(now.monotonic(), now.wall().clamp(UNIX_EPOCH, latest()))
    }

    /// Advances the clock immediately, at most to the end of the year 9999. A [`ManualClock`] advances for
    /// all code that shares it.
    pub fn advance(&self, duration: Duration) {
        match &self.0 {
            Source::System(offset) => {
                let mut offset = lock(offset);
                let step = i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
                let left = nanos(latest()).saturating_sub(nanos(offset.now().wall())).max(0);
                offset.monotonic = offset.monotonic.saturating_add(step);
                offset.wall = offset.wall.saturating_add(step.min(left));
            }
            Source::Manual(clock) => clock.advance(duration),
        }
    }

    /// Like [`advance`](Self::advance), but refuses to pass the end of the year 9999.
    ///
    /// # Errors
    /// [`ClockError::BeyondCalendar`] when the time would be after 9999; the clock then stays as it is.
    pub fn try_advance(&self, duration: Duration) -> Result<(), ClockError> {
        let target = self.now().wall().checked_add(duration);
        target.filter(|target| *target <= latest()).ok_or(ClockError::BeyondCalendar)?;
        self.advance(duration);
        Ok(())
    }

    /// Sets the time of day, forward or back, as an operator does. The monotonic clock stays as it is.
    ///
    /// # Errors
    /// [`ClockError::BeyondCalendar`] when `time` is before 1970 or after 9999.
    pub fn set(&self, time: SystemTime) -> Result<(), ClockError> {
        if !is_in_calendar(time) {
            return Err(ClockError::BeyondCalendar);
        }
        match &self.0 {
            Source::System(offset) => {
                let mut offset = lock(offset);
                offset.wall = nanos(time) - nanos(offset.system().wall());
            }
            Source::Manual(clock) => clock.set_wall(time),
        }
        Ok(())
    }

    /// Stops the clock. [`advance`](Self::advance) and [`set`](Self::set) still move it.
    pub fn freeze(&self) {
        if let Source::System(offset) = &self.0 {
            lock(offset).frozen.get_or_insert_with(Now::system);
        }
    }

    /// Lets a frozen clock run again, from the time that it shows.
    ///
    /// # Errors
    /// [`ClockError::Manual`] when the clock is a [`ManualClock`].
    pub fn thaw(&self) -> Result<(), ClockError> {
        let Source::System(offset) = &self.0 else { return Err(ClockError::Manual) };
        let mut offset = lock(offset);
        if let Some(frozen) = offset.frozen.take() {
            let now = Now::system();
            offset.wall += nanos(frozen.wall()) - nanos(now.wall());
            offset.monotonic += signed(frozen.monotonic()) - signed(now.monotonic());
        }
        Ok(())
    }

    /// Whether the clock stands still. A [`ManualClock`] always does.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        match &self.0 {
            Source::System(offset) => lock(offset).frozen.is_some(),
            Source::Manual(_) => true,
        }
    }

    pub(crate) const fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    /// Returns to real time, which runs. A [`ManualClock`] stays as it is, because other code may share it.
    pub(crate) fn reset(&self) {
        if let Source::System(offset) = &self.0 {
            *lock(offset) = Offset::default();
        }
    }
}

impl Offset {
    /// The reading of the system's clocks that the offset applies to.
    fn system(&self) -> Now {
        self.frozen.unwrap_or_else(Now::system)
    }

    fn now(&self) -> Now {
        let system = self.system();
        let monotonic = signed(system.monotonic()).saturating_add(self.monotonic).max(0);
        Now::new(unsigned(monotonic), UNIX_EPOCH + unsigned(nanos(system.wall()).saturating_add(self.wall)))
    }
}

impl Default for EmulatorClock {
    fn default() -> Self {
        Self(Source::System(Arc::default()))
    }
}

impl From<ManualClock> for EmulatorClock {
    fn from(clock: ManualClock) -> Self {
        Self(Source::Manual(clock))
    }
}

fn lock(offset: &Mutex<Offset>) -> MutexGuard<'_, Offset> {
    offset.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nanoseconds since 1970, negative before.
fn nanos(time: SystemTime) -> i128 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => signed(since),
        Err(before) => -signed(before.duration()),
    }
}

fn signed(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

/// A duration of at least zero and at most the whole calendar, so that adding it to 1970 cannot overflow.
fn unsigned(nanos: i128) -> Duration {
    let nanos = u128::try_from(nanos).unwrap_or(0);
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX).min(LAST_SECOND);
    let rest = u32::try_from(nanos % 1_000_000_000).unwrap_or(0);
    Duration::new(seconds, if seconds == LAST_SECOND { 0 } else { rest })
}

/// Whether the clock can show this time.
pub(crate) fn is_in_calendar(time: SystemTime) -> bool {
    time >= UNIX_EPOCH && time <= latest()
}

/// 9999-12-31 23:59:59 UTC, the last second that the date libraries can write.
pub(crate) fn latest() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(LAST_SECOND)
}

const LAST_SECOND: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn advance_adds_to_real_time() {
        let clock = EmulatorClock::default();
        let before = clock.now();
        clock.clone().advance(Duration::from_secs(86_400));
        let passed = clock.now().saturating_since(before);
        assert!(passed >= Duration::from_secs(86_400) && passed < Duration::from_secs(87_000));
    }

    #[test]
    fn a_manual_clock_moves_with_its_clones() {
        let manual = ManualClock::new();
        let clock = EmulatorClock::from(manual.clone());
        clock.advance(Duration::from_secs(5));
        manual.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), manual.now());
    }

    #[test]
    fn a_frozen_clock_stands_still_and_moves_only_when_it_is_told_to() {
        let clock = EmulatorClock::default();
        clock.freeze();
        let at = clock.now();
        clock.freeze();
        assert_eq!((clock.now(), clock.is_frozen()), (at, true));
        clock.advance(HOUR);
        assert_eq!(clock.now().wall(), at.wall() + HOUR);
        assert_eq!(clock.now().monotonic(), at.monotonic() + HOUR);
        clock.set(at.wall() - HOUR).unwrap();
        assert_eq!(clock.now().wall(), at.wall() - HOUR);
        assert_eq!(clock.now().monotonic(), at.monotonic() + HOUR);
    }

    #[test]
    fn a_thawed_clock_runs_on_from_the_time_that_it_showed() {
        let clock = EmulatorClock::default();
        clock.set(UNIX_EPOCH + HOUR).unwrap();
        clock.freeze();
        let at = clock.now();
        clock.thaw().unwrap();
        clock.thaw().unwrap();
        assert!(!clock.is_frozen());
        let passed = clock.now().wall().duration_since(at.wall()).unwrap();
        assert!(passed < HOUR && clock.now().monotonic() >= at.monotonic());
        clock.reset();
        assert!(clock.now().wall() > UNIX_EPOCH + 1000 * HOUR);
    }

    #[test]
    fn the_time_that_passed_while_the_clock_was_frozen_does_not_count() {
        let now = Now::system();
        let ago = Now::new(now.monotonic().saturating_sub(HOUR), now.wall() - HOUR);
        let offset = Offset { frozen: Some(ago), ..Offset::default() };
        let clock = EmulatorClock(Source::System(Arc::new(Mutex::new(offset))));
        assert_eq!(clock.now().wall(), ago.wall());
        clock.thaw().unwrap();
        let passed = clock.now().wall().duration_since(ago.wall()).unwrap();
        assert!(passed < HOUR / 2, "{passed:?}");
        assert!(clock.now().monotonic().saturating_sub(ago.monotonic()) < HOUR / 2);
    }

    #[test]
    fn a_manual_clock_can_be_set_and_always_stands_still() {
        let clock = EmulatorClock::from(ManualClock::new());
        clock.set(UNIX_EPOCH + HOUR).unwrap();
        clock.freeze();
        assert_eq!((clock.now().wall(), clock.is_frozen()), (UNIX_EPOCH + HOUR, true));
        assert_eq!(clock.thaw(), Err(ClockError::Manual));
    }

    #[test]
    fn a_jump_beyond_the_calendar_is_refused_and_changes_nothing() {
        for clock in [EmulatorClock::default(), ManualClock::new().into()] {
            clock.freeze();
            let at = clock.now();
            let beyond = latest().duration_since(at.wall()).unwrap() + Duration::from_nanos(1);
            for result in [
                clock.try_advance(Duration::MAX),
                clock.try_advance(beyond),
                clock.set(latest() + Duration::from_secs(1)),
                clock.set(UNIX_EPOCH - Duration::from_secs(1)),
            ] {
                assert_eq!((result, clock.now()), (Err(ClockError::BeyondCalendar), at));
            }
            clock.try_advance(beyond - Duration::from_nanos(1)).unwrap();
            assert_eq!(clock.now().wall(), latest());
            clock.set(UNIX_EPOCH).unwrap();
            assert_eq!(clock.now().wall(), UNIX_EPOCH);
        }
    }

    #[test]
    fn every_reading_can_be_written_as_a_date() {
        let far = EmulatorClock::default();
        far.advance(Duration::MAX);
        far.advance(Duration::MAX);
        let early = EmulatorClock::from(ManualClock::starting_at(UNIX_EPOCH - Duration::from_secs(5)));
        for (clock, year) in [(far, "9999"), (early, "1970")] {
            assert!(httpdate::fmt_http_date(clock.now().wall()).contains(year));
            assert!(humantime::format_rfc3339_seconds(clock.now().wall()).to_string().starts_with(year));
        }
    }
}

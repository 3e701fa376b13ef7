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
/// The clock is real time plus an offset, or a [`ManualClock`] that the program under test may share. Clones
/// share one clock. The clock stays within the years 1970 to 9999, the range of a `Date` header.
#[derive(Debug, Clone)]
pub struct EmulatorClock(Source);

#[derive(Debug, Clone)]
enum Source {
    System { ahead: Arc<Mutex<Duration>> },
    Manual(ManualClock),
}

impl EmulatorClock {
    /// The emulator's current time.
    #[must_use]
    pub fn now(&self) -> Now {
        let (now, ahead) = match &self.0 {
            Source::System { ahead } => (Now::system(), *lock(ahead)),
            Source::Manual(clock) => (clock.now(), Duration::ZERO),
        };
        let wall = now.wall().checked_add(ahead).unwrap_or_else(latest);
        Now::new(now.monotonic().saturating_add(ahead), wall.clamp(UNIX_EPOCH, latest()))
    }

    /// Advances the clock immediately. A [`ManualClock`] advances for all code that shares it.
    pub fn advance(&self, duration: Duration) {
        match &self.0 {
            Source::System { ahead } => {
                let mut ahead = lock(ahead);
                *ahead = ahead.saturating_add(duration);
            }
            Source::Manual(clock) => clock.advance(duration),
        }
    }

    /// Removes the offset to real time. A [`ManualClock`] stays as it is, because other code may share it.
    pub(crate) fn reset(&self) {
        if let Source::System { ahead } = &self.0 {
            *lock(ahead) = Duration::ZERO;
        }
    }
}

impl Default for EmulatorClock {
    fn default() -> Self {
        Self(Source::System { ahead: Arc::default() })
    }
}

impl From<ManualClock> for EmulatorClock {
    fn from(clock: ManualClock) -> Self {
        Self(Source::Manual(clock))
    }
}

fn lock(ahead: &Mutex<Duration>) -> MutexGuard<'_, Duration> {
    ahead.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 9999-12-31 23:59:59 UTC, the last second that the date libraries can write.
pub(crate) fn latest() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(253_402_300_799)
}

#[cfg(test)]
mod tests {
    use super::*;

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

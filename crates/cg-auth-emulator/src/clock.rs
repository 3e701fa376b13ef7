//! [`EmulatorClock`]: the one clock that tokens are issued and checked by.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cg_auth_core::{
    testing::ManualClock,
    time::{Now, Runtime},
};

/// The emulator's time: `iat` and `exp` of its tokens, the `Date` header and the `date` of its errors.
///
/// It is real time plus an offset, or a [`ManualClock`] that the program under test may share. A clone is
/// the same clock. It never leaves the years 1970 to 9999, which is what a `Date` header can tell.
#[derive(Debug, Clone)]
pub struct EmulatorClock(Source);

#[derive(Debug, Clone)]
enum Source {
    System { ahead: Arc<Mutex<Duration>> },
    Manual(ManualClock),
}

impl EmulatorClock {
    /// Lets time pass at once. A [`ManualClock`] moves for everybody who shares it.
    pub fn advance(&self, duration: Duration) {
        match &self.0 {
            Source::System { ahead } => {
                let mut ahead = ahead.lock().unwrap_or_else(PoisonError::into_inner);
                *ahead = ahead.saturating_add(duration);
            }
            Source::Manual(clock) => clock.advance(duration),
        }
    }

    /// Back to real time. A [`ManualClock`] is left to those who share it.
    pub(crate) fn reset(&self) {
        if let Source::System { ahead } = &self.0 {
            *ahead.lock().unwrap_or_else(PoisonError::into_inner) = Duration::ZERO;
        }
    }

    /// What time it is for the emulator.
    #[must_use]
    pub fn now(&self) -> Now {
        let (now, ahead) = match &self.0 {
            Source::System { ahead } => {
                (Now::system(), *ahead.lock().unwrap_or_else(PoisonError::into_inner))
            }
            Source::Manual(clock) => (clock.now(), Duration::ZERO),
        };
        let wall = now.wall().checked_add(ahead).unwrap_or_else(last_moment);
        Now::new(now.monotonic().saturating_add(ahead), wall.clamp(UNIX_EPOCH, last_moment()))
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

/// 9999-12-31 23:59:59 UTC: the libraries that write dates go no further.
fn last_moment() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(253_402_300_799)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_time_moves_on_by_what_it_is_advanced() {
        let clock = EmulatorClock::default();
        let before = clock.now();
        clock.clone().advance(Duration::from_secs(86_400));
        let passed = clock.now().saturating_since(before);
        assert!(passed >= Duration::from_secs(86_400) && passed < Duration::from_secs(87_000));
    }

    #[test]
    fn a_manual_clock_is_shared() {
        let manual = ManualClock::new();
        let clock = EmulatorClock::from(manual.clone());
        clock.advance(Duration::from_secs(5));
        manual.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), manual.now());
    }

    #[test]
    fn a_date_can_be_written_at_any_time() {
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

//! [`BackOff`]: when the next attempt to connect may begin.

use std::time::Duration;

/// The failures to connect in a row, and the pause after the last one. Times are readings of the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct BackOff {
    failures: u32,
    ends: Duration,
}

impl BackOff {
    /// Whether an attempt may begin.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        now >= self.ends
    }

    /// Notes that an attempt has failed, or its connection before the first reply.
    pub(crate) fn fail(&mut self, now: Duration) {
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        self.ends = now.saturating_add(FIRST.saturating_mul(1 << doublings).min(LONGEST));
    }

    /// Notes that the server has replied.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_from_a_tenth_of_a_second_to_five_seconds() {
        let (mut back_off, mut now) = (BackOff::default(), Duration::ZERO);
        assert!(back_off.is_over(now));
        for millis in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            back_off.fail(now);
            now += Duration::from_millis(millis);
            assert!(!back_off.is_over(now - Duration::from_millis(1)), "{millis}");
            assert!(back_off.is_over(now), "{millis}");
        }
        for _ in 0..100 {
            back_off.fail(now);
        }
        assert!(back_off.is_over(now + LONGEST));
    }

    #[test]
    fn a_reply_makes_the_next_pause_the_shortest() {
        let mut back_off = BackOff::default();
        for _ in 0..5 {
            back_off.fail(Duration::ZERO);
        }
        back_off.reset();
        assert!(back_off.is_over(Duration::ZERO));
        back_off.fail(Duration::ZERO);
        assert!(back_off.is_over(FIRST));
    }
}

//! [`ServiceClock`]: what the answers have shown of the clock of the service.

use std::time::Duration;

use crate::{time::Now, token::expiry::DRIFT};

/// A lower and an upper bound of the clock of the service. An answer shows whole seconds only, but answers come at
/// different parts of a second, so several of them give narrower bounds than one.
#[derive(Debug, Default)]
pub(super) struct ServiceClock(Option<Shown>);

/// The bounds since 1970, each with the local time at which it was true.
#[derive(Debug, Clone, Copy)]
struct Shown {
    least: (Duration, Now),
    most: (Duration, Now),
}

impl ServiceClock {
    /// Learns from an answer. The clock showed the whole `second` at some moment between `sent` and `received`.
    pub(super) fn learn(&mut self, second: Duration, sent: Now, received: Now) {
        self.narrow(second, second.saturating_add(SECOND), sent, received);
    }

    /// Learns from a token of a store, which ends at `end` and had `left` of its life between `asked` and `received`: the
    /// process that acquired it knows that it does not end earlier. How much later it ends, that process does not tell.
    pub(super) fn learn_of_store(&mut self, end: Duration, left: Duration, asked: Now, received: Now) {
        self.narrow(Duration::ZERO, end.saturating_sub(left), asked, received);
    }

    /// The clock was at `most` when the local one was at `sent`, and at `least` when that was at `received`.
    fn narrow(&mut self, least: Duration, most: Duration, sent: Now, received: Now) {
        let way = received.longest_since(sent);
        // A clock that was set, or the one of another server, does not fit what is known.
        let fitting = self.0.map(|it| (it.least_at(received), it.most_at(sent)));
        let fitting = fitting.filter(|(known_least, known_most)| {
            *known_least <= most.saturating_add(way) && known_most.saturating_add(way) >= least
        });
        let (known_least, known_most) = fitting.unwrap_or((least, most));
        self.0 =
            Some(Shown { least: (known_least.max(least), received), most: (known_most.min(most), sent) });
    }

    /// How long it takes until the clock has passed `moment` for certain. `None` before the first answer.
    pub(super) fn until(&self, moment: Duration, now: Now) -> Option<Duration> {
        let left = moment.saturating_sub(self.0?.least_at(now));
        Some(left.saturating_add(left / DRIFT))
    }

    /// How much of `second` may have passed at `now`, when the last request was sent: a second at most.
    pub(super) fn passed_of(&self, second: Duration, now: Now) -> Duration {
        let most = self.0.map(|shown| shown.most_at(now));
        most.map_or(SECOND, |most| most.saturating_sub(second).clamp(LEAST_PASSED, SECOND))
    }
}

impl Shown {
    fn least_at(self, now: Now) -> Duration {
        let (time, at) = self.least;
        let passed = now.saturating_since(at);
        time.saturating_add(passed - passed / DRIFT)
    }

    fn most_at(self, now: Now) -> Duration {
        let (time, at) = self.most;
        let passed = now.longest_since(at);
        time.saturating_add(passed).saturating_add(passed / DRIFT)
    }
}

const SECOND: Duration = Duration::from_secs(1);
/// Counts as passed in any case, because a request with the token takes time to arrive.
const LEAST_PASSED: Duration = Duration::from_millis(100);
#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn at(millis: u64) -> Now {
        Now::new(Duration::from_millis(millis), UNIX_EPOCH)
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// In milliseconds, rounded.
    fn until(clock: &ServiceClock, second: u64, now: u64) -> u128 {
        (clock.until(seconds(second), at(now)).unwrap().as_micros() + 500) / 1000
    }

    fn passed(clock: &ServiceClock, second: u64, now: u64) -> u128 {
        (clock.passed_of(seconds(second), at(now)).as_micros() + 500) / 1000
    }

    #[test]
    fn one_answer_shows_a_whole_second() {
        let mut clock = ServiceClock::default();
        assert_eq!(clock.until(SECOND, at(0)), None);
        assert_eq!(clock.passed_of(SECOND, at(0)), SECOND);
        clock.learn(seconds(100), at(500), at(700));
        assert_eq!(until(&clock, 100, 700), 0);
        assert_eq!(until(&clock, 101, 700), 1001);
        assert_eq!(until(&clock, 101, 1500), 201);
        assert_eq!(passed(&clock, 100, 500), 1000);
    }

    /// The clock is ahead of this machine's by 99.9 seconds.
    #[test]
    fn several_answers_show_it_more_exactly() {
        let mut clock = ServiceClock::default();
        clock.learn(seconds(100), at(900), at(950));
        assert_eq!(until(&clock, 110, 1000), 9960);
        clock.learn(seconds(101), at(1110), at(1120));
        assert_eq!(until(&clock, 110, 1120), 9009, "it has shown 101 since 1120 at the latest");
        assert_eq!(passed(&clock, 101, 1110), 210, "101 has not begun before 900");
        clock.learn(seconds(103), at(3990), at(3995));
        assert_eq!(until(&clock, 110, 4000), 6129, "it knows more than that 103 has begun");
        assert_eq!(passed(&clock, 103, 3990), 1000);
        clock.learn(seconds(104), at(5050), at(5055));
        assert_eq!(passed(&clock, 104, 5050), 1000, "105 may have begun at 4995");
    }

    #[test]
    fn a_clock_that_was_set_counts_from_the_next_answer_on() {
        let mut clock = ServiceClock::default();
        for second in [1000, 500, 90_000] {
            clock.learn(seconds(second), at(0), at(10));
            assert_eq!(until(&clock, second + 1, 10), 1001);
            assert_eq!(passed(&clock, second, 0), 1000);
        }
    }

    #[test]
    fn a_suspension_that_only_the_wall_clock_shows_makes_no_token_live_longer() {
        let mut clock = ServiceClock::default();
        clock.learn(seconds(100), at(0), at(10));
        clock.learn(seconds(101), at(50), at(60));
        assert_eq!(passed(&clock, 101, 50), 100);
        let woken = Now::new(Duration::from_millis(60), UNIX_EPOCH + seconds(1));
        assert_eq!(clock.passed_of(seconds(101), woken), SECOND);
    }

    #[test]
    fn times_beyond_all_reckoning_do_not_panic() {
        let mut clock = ServiceClock::default();
        clock.learn(Duration::MAX, at(0), at(10));
        assert_eq!(clock.until(Duration::ZERO, at(u64::MAX)), Some(Duration::ZERO));
        clock.learn(Duration::ZERO, at(0), at(u64::MAX));
        assert!(clock.until(Duration::MAX, at(0)).is_some());
        assert_eq!(clock.passed_of(Duration::MAX, at(0)), LEAST_PASSED);
    }
}

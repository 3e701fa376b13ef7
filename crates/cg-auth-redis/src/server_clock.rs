//! [`ServerClock`]: what the clock of the server shows, so that an operation can have an end by it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The clock of the server behind a connection, in microseconds. It is learned from replies.
///
/// A reply with the time `t` to a request that was sent at `a` and answered at `b` shows that the clock is ahead of the
/// local one by `t - b` at least and by `t - a` at most. The least counts, so that an operation may end too early but
/// never too late. A narrower bound of an earlier reply stays while it fits.
#[derive(Debug, Default)]
pub(crate) struct ServerClock(Mutex<Option<i128>>);

/// When an operation began, and when it must end, by the clock of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) began: u64,
    pub(crate) deadline: u64,
}

impl ServerClock {
    /// Learns from a reply with the time `now`. The other times are readings of the local monotonic clock.
    pub(crate) fn learn(&self, now: u64, sent: Duration, received: Duration) {
        let (least, most) = (i128::from(now) - micros(received), i128::from(now) - micros(sent));
        let mut ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *ahead = Some(ahead.filter(|known| (least..=most).contains(known)).unwrap_or(least));
    }

    /// The span of an operation that began at `began` and may take `limit`. `None` before the first reply.
    pub(crate) fn span(&self, began: Duration, limit: Duration) -> Option<Span> {
        let ahead = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let at = |local: Duration| {
            let time = micros(local).saturating_add(ahead).clamp(0, LONGEST);
            u64::try_from(time).unwrap_or_default()
        };
        Some(Span { began: at(began), deadline: at(began.saturating_add(limit)) })
    }
}

fn micros(time: Duration) -> i128 {
    i128::try_from(time.as_micros()).unwrap_or(LONGEST)
}

/// The largest number up to which Lua counts exactly.
const LONGEST: i128 = 1 << 53;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_micros(400);

    fn at(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn span(clock: &ServerClock, began: u64) -> (u64, u64) {
        let Span { began, deadline } = clock.span(at(began), LIMIT).unwrap();
        (began, deadline)
    }

    #[test]
    fn an_operation_may_end_too_early_and_never_too_late() {
        let clock = ServerClock::default();
        assert_eq!(clock.span(at(0), LIMIT), None);
        // The clock is ahead by 9,000 to 9,100.
        clock.learn(9_100, at(0), at(100));
        assert_eq!(span(&clock, 1_000), (10_000, 10_400));
    }

    #[test]
    fn a_quick_reply_counts_for_longer_than_a_slow_one() {
        let clock = ServerClock::default();
        clock.learn(9_100, at(0), at(100));
        clock.learn(9_290, at(200), at(300));
        assert_eq!(span(&clock, 1_000), (10_000, 10_400), "ahead by 8,990 to 9,090");
        clock.learn(9_459, at(400), at(410));
        assert_eq!(span(&clock, 1_000), (10_049, 10_449), "ahead by 9,049 to 9,059");
        clock.learn(10_500, at(1_000), at(2_000));
        assert_eq!(span(&clock, 1_000), (10_049, 10_449), "ahead by 8,500 to 9,500");
    }

    #[test]
    fn a_clock_that_was_set_counts_from_the_next_reply_on() {
        let clock = ServerClock::default();
        for now in [9_000_000, 5_000, 700_000_000] {
            clock.learn(now, at(1_000), at(1_010));
            assert_eq!(span(&clock, 1_010), (now, now + 400));
        }
    }

    #[test]
    fn times_that_lua_cannot_count_are_cut_off() {
        let clock = ServerClock::default();
        clock.learn(0, Duration::ZERO, Duration::MAX);
        assert_eq!(span(&clock, 5), (0, 0));
        clock.learn(u64::MAX, Duration::ZERO, Duration::ZERO);
        assert_eq!(clock.span(Duration::MAX, Duration::MAX).unwrap().deadline, 1 << 53);
    }
}

//! [`Deadline`]: when an acquisition has to end.

use std::time::Duration;

use crate::{
    time::Now,
    token::sync::{Mutex, lock},
};

/// The end time of an acquisition. Its time does not run while it waits for a permit of the pool.
pub(in crate::token) struct Deadline {
    limit: Duration,
    /// `None` while the acquisition waits for its permit.
    runs_since: Mutex<Option<Now>>,
}

impl Deadline {
    /// The time runs from `now` on.
    pub(in crate::token) fn new(limit: Duration, now: Now) -> Self {
        Self { limit, runs_since: Mutex::new(Some(now)) }
    }

    /// The acquisition waits for a permit from now on.
    pub(super) fn queue(&self) {
        *lock(&self.runs_since) = None;
    }

    /// The acquisition has its permit, and the whole time, whether its task is polled or not.
    pub(super) fn grant(&self, now: Now) {
        *lock(&self.runs_since) = Some(now);
    }

    /// The rest of the time, zero once it is over; `None` while the acquisition waits for a permit.
    pub(in crate::token) fn left(&self, now: Now) -> Option<Duration> {
        let runs_since = *lock(&self.runs_since);
        runs_since.map(|since| self.limit.saturating_sub(now.saturating_since(since)))
    }

    pub(in crate::token) fn is_over(&self, now: Now) -> bool {
        self.left(now).is_some_and(|left| left.is_zero())
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn the_time_runs_at_once_and_anew_from_the_permit_on() {
        let seconds = Duration::from_secs;
        let at = |moment: u64| Now::new(seconds(moment), UNIX_EPOCH);
        let deadline = Deadline::new(seconds(10), at(100));
        assert_eq!(deadline.left(at(99)), Some(seconds(10)), "read before it began");
        assert_eq!(deadline.left(at(104)), Some(seconds(6)));
        deadline.queue();
        assert_eq!(deadline.left(at(200)), None);
        assert!(!deadline.is_over(at(300)));
        deadline.grant(at(400));
        assert_eq!(deadline.left(at(403)), Some(seconds(7)));
        assert!(!deadline.is_over(at(409)));
        assert!(deadline.is_over(at(410)));
    }
}

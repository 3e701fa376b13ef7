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

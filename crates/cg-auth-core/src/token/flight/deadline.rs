//! [`Deadline`]: when an acquisition has to end.

use std::time::Duration;

use crate::{
    time::Now,
    token::sync::{Mutex, lock},
};

/// The end time of an acquisition. Its time does not run while it waits for a permit of the pool.
///
/// Granting a permit reads no clock: the time runs from the first call of [`left`](Self::left) after that.
pub(in crate::token) struct Deadline {
    limit: Duration,
    progress: Mutex<Progress>,
}

enum Progress {
    Queued,
    Free,
    RunsSince(Now),
}

impl Deadline {
    pub(in crate::token) fn new(limit: Duration) -> Self {
        Self { limit, progress: Mutex::new(Progress::Free) }
    }

    /// The acquisition waits for a permit from now on.
    pub(super) fn queue(&self) {
        *lock(&self.progress) = Progress::Queued;
    }

    /// The acquisition has its permit.
    pub(super) fn grant(&self) {
        *lock(&self.progress) = Progress::Free;
    }

    /// The rest of the time, zero once it is over; `None` while the acquisition waits for a permit.
    pub(in crate::token) fn left(&self, now: Now) -> Option<Duration> {
        let mut progress = lock(&self.progress);
        let begun = match *progress {
            Progress::Queued => return None,
            Progress::Free => now,
            Progress::RunsSince(begun) => begun,
        };
        *progress = Progress::RunsSince(begun);
        Some(self.limit.saturating_sub(now.saturating_since(begun)))
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
    fn the_time_runs_from_the_first_look_and_not_while_the_acquisition_waits_for_a_permit() {
        let seconds = Duration::from_secs;
        let at = |moment: u64| Now::new(seconds(moment), UNIX_EPOCH);
        let deadline = Deadline::new(seconds(10));
        assert_eq!(deadline.left(at(100)), Some(seconds(10)));
        assert_eq!(deadline.left(at(104)), Some(seconds(6)));
        deadline.queue();
        assert_eq!(deadline.left(at(200)), None);
        assert!(!deadline.is_over(at(300)));
        deadline.grant();
        assert_eq!(deadline.left(at(400)), Some(seconds(10)));
        assert!(!deadline.is_over(at(409)));
        assert!(deadline.is_over(at(410)));
    }
}

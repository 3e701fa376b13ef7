//! [`StoreHealth`]: whether the store has just failed. The process then does not ask it for a while.

use std::time::Duration;

use crate::{
    time::Now,
    token::{
        store::StoreError,
        sync::{Mutex, lock},
    },
};

/// The last failure of a store and its time.
#[derive(Default)]
pub(in crate::token) struct StoreHealth(Mutex<Option<(StoreError, Now)>>);

impl StoreHealth {
    /// Whether the process asks the store.
    pub(super) fn is_asked(&self, now: Now) -> bool {
        self.admit(now).is_ok()
    }

    /// Fails with the last failure for five seconds after it.
    pub(super) fn admit(&self, now: Now) -> Result<(), StoreError> {
        let failure = lock(&self.0).clone();
        let is_over = |since: Now| now.saturating_since(since) >= STORE_PAUSE;
        failure.filter(|(_, since)| !is_over(*since)).map_or(Ok(()), |(error, _)| Err(error))
    }

    /// Learns from the outcome of an operation at `now`.
    pub(super) fn observe(&self, error: Option<&StoreError>, now: Now) {
        let failure = error.map(|error| (error.clone(), now));
        // Dropped outside of the lock, because an error may be the program's.
        let before = std::mem::replace(&mut *lock(&self.0), failure);
        drop(before);
    }
}

/// How long a process does not ask a store that has failed.
pub(super) const STORE_PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_store_that_fails_is_not_asked_for_five_seconds() {
        let health = StoreHealth::default();
        let at = |millis| Now::new(Duration::from_millis(millis), UNIX_EPOCH);
        assert!(health.is_asked(at(0)));
        health.observe(Some(&StoreError::new("down")), at(1000));
        assert!(!health.is_asked(at(1000)) && !health.is_asked(at(5999)) && health.is_asked(at(6000)));
        health.observe(None, at(6001));
        assert!(health.is_asked(at(6001)));
    }
}

//! [`Snapshot`]: the part of a session that hits read.

use crate::{time::CoarseNow, token::IssuedToken};

/// A token, and how long it can be served without a decision of the [`Session`](super::Session).
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub(super) token: Option<IssuedToken>,
    pub(super) validity: Validity,
    /// How far the wall clock was ahead of the monotonic clock at the last decision.
    pub(super) drift: i64,
}

impl Snapshot {
    /// The token, while it can be served.
    ///
    /// `None` once its time is over, and once the two clocks have drifted apart: then one of them was set, or
    /// the host was suspended, and a [`step`](super::Session::step) has to read every clock. A token that
    /// expires is served for at most a minute; the page on
    /// [clocks](crate::docs::explanation::clocks#why-a-hit-is-cheap) gives the reason.
    #[must_use]
    pub fn token(&self, now: CoarseNow) -> Option<&IssuedToken> {
        let has_drifted = now.drift_nanos().abs_diff(self.drift) > self.validity.drift_limit;
        if now.monotonic_nanos() < self.validity.until && !has_drifted { self.token.as_ref() } else { None }
    }

    /// Whether both snapshots serve the same token for the same time.
    pub(in crate::token) fn is_same(&self, other: &Self) -> bool {
        let is_same_issue = match (&self.token, &other.token) {
            (Some(one), Some(other)) => one.is_same_issue(other),
            (None, None) => true,
            _ => false,
        };
        is_same_issue && (self.validity, self.drift) == (other.validity, other.drift)
    }
}

/// How long a token can be served, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Validity {
    /// The end by the monotonic clock.
    pub(super) until: u64,
    /// How far the wall clock may drift against the monotonic clock until then.
    pub(super) drift_limit: u64,
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use crate::{
        model::{AccessToken, DelegatedAccessToken, UserPrincipalName},
        time::Now,
        token::{Expiry, session::Session},
    };

    /// The time `millis` after the start, by a wall clock that is off by a few nanoseconds each time.
    fn after(millis: u64) -> Now {
        let passed = Duration::from_millis(millis);
        Now::new(passed, UNIX_EPOCH + passed + Duration::from_nanos(millis % 7))
    }

    fn session() -> Session {
        let mut session = Session::new(UserPrincipalName::new("someone@example.com").unwrap());
        let token = DelegatedAccessToken::new(AccessToken::new("eyJ").unwrap(), None);
        let hour = Duration::from_secs(3600);
        session.seed(token, Expiry::until(UNIX_EPOCH + hour, after(0)), after(0));
        session
    }

    #[test]
    fn a_new_snapshot_is_made_when_the_session_reads_the_clocks_and_never_otherwise() {
        let mut session = session();
        let first = session.snapshot();
        assert!(session.snapshot().is_same(&first));
        let _ = session.state(after(60_000));
        assert!(session.snapshot().is_same(&first), "nothing was observed");
        let _ = session.step(after(60_000));
        assert!(!session.snapshot().is_same(&first));
        assert!(session.snapshot().token(after(60_001).into()).is_some());
    }

    #[test]
    fn a_snapshot_that_serves_nothing_is_the_same_at_every_step() {
        let mut session = session();
        for millis in [3_580_000, 3_600_000] {
            let _ = session.step(after(millis));
            let first = session.snapshot();
            for millis in millis..millis + 100 {
                let _ = session.step(after(millis));
                assert!(session.snapshot().is_same(&first));
            }
        }
    }
}

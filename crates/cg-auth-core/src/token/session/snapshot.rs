//! [`Snapshot`]: what is enough to serve a token without asking anybody.

use crate::{time::CoarseNow, token::IssuedToken};

/// A token, and until when it can be served without a decision of the [`Session`](super::Session).
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub(in crate::token) token: Option<IssuedToken>,
    pub(super) sure: Sure,
    /// How far the wall clock was ahead of the monotonic one when that was decided.
    pub(super) drift: i64,
}

impl Snapshot {
    /// Whether nothing has changed.
    pub(in crate::token) fn is_same(&self, other: &Self) -> bool {
        let is_same_issue = match (&self.token, &other.token) {
            (Some(one), Some(other)) => one.is_same_issue(other),
            (None, None) => true,
            _ => false,
        };
        is_same_issue && (self.sure, self.drift) == (other.sure, other.drift)
    }

    /// The token, while it can be served. Neither clock may have been set, nor the host suspended, since the
    /// decision: then the session has to look closer. One that was suspended, and whose wall clock was set back by
    /// as much to the second, looks the same as before; only a [`step`](super::Session::step) sees that, where there is
    /// a clock that counts suspension. So a snapshot of a token that expires serves for a minute of monotonic time at
    /// most, and there no token is served for longer than that past its end. The price is a step a minute.
    #[must_use]
    pub fn token(&self, now: CoarseNow) -> Option<&IssuedToken> {
        let has_drifted = now.drift_nanos().abs_diff(self.drift) > self.sure.drift_limit;
        if now.monotonic_nanos() < self.sure.until && !has_drifted { self.token.as_ref() } else { None }
    }
}

/// How long a token is sure to be served, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sure {
    /// By the monotonic clock.
    pub(super) until: u64,
    /// As long as the wall clock has not moved against it by more than this.
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

    /// That many milliseconds on, by a wall clock that is a nanosecond off each time.
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
    fn another_snapshot_is_made_where_the_session_looked_closer_and_nowhere_else() {
        let mut session = session();
        let first = session.snapshot();
        assert!(session.snapshot().is_same(&first));
        let _ = session.state(after(60_000));
        assert!(session.snapshot().is_same(&first), "nothing was settled");
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

//! [`Snapshot`]: what is enough to serve a token without asking anybody.

use super::IssuedToken;
use crate::time::Glance;

/// A token, and until when it can be served without a decision of the [`Session`](super::Session).
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub(super) token: Option<IssuedToken>,
    pub(super) sure: Sure,
    /// How far the wall clock was ahead of the monotonic one when that was decided.
    pub(super) drift: i64,
}

impl Snapshot {
    /// Whether nothing has changed.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_issue = match (&self.token, &other.token) {
            (Some(one), Some(other)) => one.is_same_issue(other),
            (None, None) => true,
            _ => false,
        };
        is_same_issue && (self.sure, self.drift) == (other.sure, other.drift)
    }

    /// The token, while it can be served. Neither clock may have been set, nor the host suspended, since the
    /// decision: then the session has to look closer. One that was suspended, and whose wall clock was set back by
    /// as much to the second, looks the same as before; only a [`step`](super::Session::step) sees that.
    #[must_use]
    pub fn token(&self, glance: Glance) -> Option<&IssuedToken> {
        let has_drifted = glance.drift_nanos().abs_diff(self.drift) > self.sure.drift_limit;
        if glance.monotonic_nanos() < self.sure.until && !has_drifted { self.token.as_ref() } else { None }
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

//! The token that a session holds, and how long the session may hand it out.

use std::time::Duration;

use cg_auth_core::{IssuedToken, time::Now};

pub(super) struct Held {
    pub(super) token: IssuedToken,
    sent: Now,
    /// The time that had passed by then, if each jump of a clock counts.
    began: Duration,
    /// How often the wall clock had been set by then. Set once more, it may hide a suspension.
    pub(super) wall_sets: u32,
    /// The longest that the token may live; `None` if the service does not say.
    pub(super) lifetime: Option<Duration>,
    /// How long it lives at least, however the clocks are rounded.
    pub(super) at_least: Option<Duration>,
    /// When it ends by the service's clock.
    pub(super) ends: Option<Duration>,
    pub(super) is_invalidated: bool,
    /// Whether a clock has said that it has expired.
    is_dead: bool,
}

impl Held {
    /// A token of unknown lifetime, whose request was sent at `sent`.
    pub(super) const fn new(token: IssuedToken, sent: Now, began: Duration, wall_sets: u32) -> Self {
        let (lifetime, at_least, ends) = (None, None, None);
        let (is_invalidated, is_dead) = (false, false);
        Self { token, sent, began, wall_sets, lifetime, at_least, ends, is_invalidated, is_dead }
    }

    /// The session has read the clocks. What it has seen to be expired, it never serves again.
    pub(super) fn observe(&mut self, now: Now) {
        self.is_dead |= self.has_expired(now);
    }

    pub(super) fn assert_may_be_served(&self, now: Now) {
        assert!(!self.is_invalidated, "a refused token is served");
        assert!(!self.is_dead && !self.has_expired(now), "an expired token is served");
    }

    /// Whether it lives on once so much time has passed, if each jump of a clock counts.
    pub(super) fn is_surely_valid(&self, longest: Duration) -> bool {
        !self.is_invalidated && self.at_least.is_none_or(|least| longest - self.began < least)
    }

    fn has_expired(&self, now: Now) -> bool {
        let by_boot = now.boot().zip(self.sent.boot()).map(|(now, sent)| now - sent);
        let by_wall = now.wall().duration_since(self.sent.wall()).ok();
        let ages = [Some(now.monotonic() - self.sent.monotonic()), by_boot, by_wall];
        self.lifetime.is_some_and(|lifetime| ages.into_iter().flatten().any(|age| age >= lifetime))
    }
}

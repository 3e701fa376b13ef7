//! [`ProviderState`]: what a session tells of itself.

use super::{BackOff, Session};
use crate::{
    time::Now,
    token::{Expiry, session::Phase},
};

/// What there is at the moment, for a health check.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ProviderState {
    /// The phase of the token; `None` where there is none, or it has been invalidated.
    pub phase: Option<Phase>,
    /// When the token expires.
    pub expiry: Expiry,
    /// Whether an attempt is being made.
    pub is_acquiring: bool,
    /// How many attempts have failed in a row. Reading a refused secret once more is no attempt.
    pub failures: u32,
    /// Whether there is a refresh token that would be used.
    pub has_refresh_token: bool,
}

impl Session {
    /// What there is at `now`.
    #[must_use]
    pub fn state(&self, now: Now) -> ProviderState {
        let held = self.held.as_ref().filter(|held| !held.is_invalidated());
        ProviderState {
            phase: held.map(|held| held.phase(now)),
            expiry: held.map_or(Expiry::UNKNOWN, |held| held.token().expiry()),
            is_acquiring: self.attempt.is_some(),
            failures: self.back_off.as_ref().map_or(0, BackOff::failures),
            has_refresh_token: self.spare.is_some() && !self.is_refresh_switched_off(),
        }
    }
}

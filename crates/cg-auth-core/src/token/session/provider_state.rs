//! [`ProviderState`]: what a session tells a health check.

use std::time::{Duration, SystemTime};

use super::Phase;
use crate::{
    model::UserPrincipalName,
    token::{Expiry, TokenError, as_str::as_str},
};

/// The state of a session, for a health check. It holds no secret and no token.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProviderState {
    /// The user of the tokens.
    pub user_principal_name: UserPrincipalName,
    /// The phase of the token; `None` if there is none or it was invalidated.
    pub phase: Option<Phase>,
    /// The expiry of that token.
    pub expiry: Expiry,
    /// Whether an acquisition is in flight.
    pub is_acquiring: bool,
    /// How many acquisitions in a row have failed. Reading a refused secret again does not count.
    pub failures: u32,
    /// The last failure and when it happened, by the wall clock. It stays after a success.
    ///
    /// [`TokenError::kind`], [`recovery`](TokenError::recovery) and [`as_call`](TokenError::as_call) tell it to
    /// programs, [`cause_chain`](crate::causes::cause_chain) to people.
    pub last_error: Option<(TokenError, SystemTime)>,
    /// The rest of the back-off after it; `None` if the next call may start an acquisition.
    pub retry_in: Option<Duration>,
    /// Whether there is a refresh token that the next acquisition could use.
    pub has_refresh_token: bool,
    /// The store that a fleet shares; `None` without one.
    pub store: Option<StoreState>,
}

/// Whether a token store answers, as far as this process knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreState {
    /// Its last answer was a proper one, or it has not been asked yet.
    Available,
    /// It has just failed to answer and is left alone for a few seconds. The process acquires by itself.
    Unavailable,
}

as_str!(StoreState: Available = "available", Unavailable = "unavailable");

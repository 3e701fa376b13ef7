//! [`RefreshGrant`]: the refresh token of a session, and when it is used.

use http::StatusCode;

use crate::{
    client::{CallError, CallErrorKind},
    model::RefreshToken,
    token::{Event, Grant},
};

/// The refresh token for the next acquisition. The grant is switched off once the service has refused two
/// refresh tokens in a row at their first use.
#[derive(Default)]
pub(super) struct RefreshGrant {
    pub(super) token: Option<RefreshToken>,
    /// How often the token was sent.
    uses: u32,
    /// How many tokens in a row were refused at their first use.
    refusals: u8,
}

/// What a failed refresh means to the refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefreshFailure {
    /// The service has not consumed the token, and may accept it later.
    Unused,
    /// The service refuses the token.
    Refused,
    /// The service may have consumed the token, and its answer did not arrive.
    Lost,
}

impl RefreshGrant {
    pub(super) const fn new(token: Option<RefreshToken>) -> Self {
        Self { token, uses: 0, refusals: 0 }
    }

    /// The refresh token to send after `failures` failures in a row. From now on it counts as sent.
    ///
    /// From the fourth failure in a row on, every other acquisition uses the credential. Otherwise a broken
    /// refresh operation would lock the user out for as long as the refresh token is kept.
    pub(super) fn send(&mut self, failures: u32) -> Option<RefreshToken> {
        let is_turn_of_credential = failures >= 4 && failures.is_multiple_of(2);
        if !self.is_usable() || is_turn_of_credential {
            return None;
        }
        self.uses = self.uses.saturating_add(1);
        self.token.clone()
    }

    /// Keeps the refresh token of an answer to `grant`. A token that the answer repeats does not count as
    /// new.
    pub(super) fn succeeded(&mut self, grant: Grant, token: Option<RefreshToken>) {
        if grant == Grant::RefreshToken {
            self.refusals = 0;
        }
        let comes_back = token.is_some() && self.token == token;
        self.uses = if comes_back { self.uses.max(1) } else { 0 };
        self.token = token;
    }

    /// Drops the refresh token unless it is unused, and returns the events to report.
    pub(super) fn failed(&mut self, failure: RefreshFailure) -> Vec<Event> {
        if failure == RefreshFailure::Unused {
            return Vec::new();
        }
        let refused = failure == RefreshFailure::Refused;
        let mut events = vec![Event::RefreshTokenDropped { refused }];
        if refused && self.uses == 1 && !self.is_switched_off() {
            self.refusals += 1;
            events.extend(self.is_switched_off().then_some(Event::RefreshSwitchedOff));
        }
        self.token = None;
        events
    }

    /// Switches the grant on again.
    pub(super) const fn forget_refusals(&mut self) {
        self.refusals = 0;
    }

    pub(super) const fn is_usable(&self) -> bool {
        self.token.is_some() && !self.is_switched_off()
    }

    const fn is_switched_off(&self) -> bool {
        self.refusals >= REFUSALS_TO_SWITCH_OFF
    }
}

impl RefreshFailure {
    pub(super) fn of(error: &CallError) -> Self {
        const LATER: [StatusCode; 4] = [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_EARLY,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        match error.status() {
            _ if error.kind() == CallErrorKind::Rejected => Self::Refused,
            Some(status) if LATER.contains(&status) => Self::Unused,
            // The page of a firewall or a gateway shows nothing about the refresh token.
            Some(status) if status.is_client_error() && error.is_foreign() => Self::Lost,
            Some(status) if status.is_client_error() => Self::Refused,
            // A redirect comes from another server, which consumed nothing.
            Some(status) if status.is_redirection() => Self::Unused,
            _ if error.may_have_been_sent() => Self::Lost,
            _ => Self::Unused,
        }
    }
}

const REFUSALS_TO_SWITCH_OFF: u8 = 2;

//! [`RefreshGrant`]: the refresh token of a session, and when it is used.

use std::time::Duration;

use http::StatusCode;

use super::back_off::pause;
use crate::{
    client::{CallError, CallErrorKind},
    model::RefreshToken,
    time::Now,
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
    /// How often in a row the service has said "later".
    postponements: u32,
    /// No refresh token is sent before that long after that moment.
    pause: Option<(Now, Duration)>,
}

/// What a failed refresh means to the refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefreshFailure {
    /// The service has not taken the token, and may take it later.
    Postponed,
    /// The service has not seen the token, and the credential would fare no better.
    Unused,
    /// The service refuses the token.
    Refused,
    /// The service may have consumed the token, and its answer did not arrive.
    Lost,
}

impl RefreshGrant {
    pub(super) fn new(token: Option<RefreshToken>) -> Self {
        Self { token, ..Self::default() }
    }

    /// The refresh token to send, which counts as sent from now on. `None` if there is none to be sent now.
    pub(super) fn send(&mut self, now: Now) -> Option<RefreshToken> {
        if !self.can_send(now) {
            return None;
        }
        self.uses = self.uses.saturating_add(1);
        self.token.clone()
    }

    /// Keeps the refresh token of an answer to `grant`. A token that the answer repeats does not count as
    /// new.
    pub(super) fn succeeded(&mut self, grant: Grant, token: Option<RefreshToken>) {
        if grant == Grant::RefreshToken {
            self.forget_refusals();
        }
        let comes_back = token.is_some() && self.token == token;
        self.uses = if comes_back { self.uses.max(1) } else { 0 };
        self.token = token;
    }

    /// Sends no refresh token for `wait`, also none that a credential answer brings in that time.
    pub(super) const fn pause(&mut self, wait: Duration, now: Now) {
        self.pause = Some((now, wait));
    }

    /// Counts another "later" and pauses for as long as the service says, or else for longer each time.
    pub(super) fn postpone(&mut self, named: Option<Duration>, jitter: f64, now: Now) {
        self.postponements = self.postponements.saturating_add(1);
        self.pause(pause(self.postponements, named, jitter), now);
    }

    /// Drops the refresh token unless it is unused; returns the events of that.
    pub(super) fn failed(&mut self, failure: RefreshFailure) -> Vec<Event> {
        if matches!(failure, RefreshFailure::Postponed | RefreshFailure::Unused) {
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

    /// Switches the grant on again and ends its pause.
    pub(super) const fn forget_refusals(&mut self) {
        (self.refusals, self.postponements, self.pause) = (0, 0, None);
    }

    /// Whether there is a refresh token to be sent now.
    pub(super) fn can_send(&self, now: Now) -> bool {
        let is_paused = self.pause.is_some_and(|(begun, wait)| now.saturating_since(begun) < wait);
        self.is_usable() && !is_paused
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
            // The page of a firewall or a gateway shows nothing about the refresh token.
            Some(status) if !status.is_redirection() && error.is_foreign() => Self::Lost,
            Some(status) if LATER.contains(&status) => Self::Postponed,
            Some(status) if status.is_client_error() => Self::Refused,
            // A redirect comes from another server, which consumed nothing.
            Some(status) if status.is_redirection() => Self::Unused,
            _ if error.may_have_been_sent() => Self::Lost,
            _ => Self::Unused,
        }
    }
}

const REFUSALS_TO_SWITCH_OFF: u8 = 2;

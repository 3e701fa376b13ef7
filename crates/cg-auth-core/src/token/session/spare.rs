//! [`Spare`]: the refresh token of a session, and how it comes to be lost.

use super::{Session, acquisition::Attempt, back_off::BackOff};
use crate::{
    model::RefreshToken,
    token::{Event, Grant},
};

/// A refresh token for the next time.
pub(super) struct Spare {
    pub(super) token: RefreshToken,
    /// Whether it was never sent.
    pub(super) is_new: bool,
}

impl Session {
    pub(super) fn forget_what_was_sent(&mut self, attempt: &Attempt) {
        if attempt.grant() == Some(Grant::RefreshToken) {
            self.drop_refresh_token(false, false);
        }
    }

    /// A refresh token that comes back, or stays since the answer names none, is not new any more.
    pub(super) fn keep_for_next_time(&mut self, refresh_token: Option<RefreshToken>, grant: Grant) {
        if grant == Grant::RefreshToken {
            self.refusals = 0;
        }
        let old = self.spare.take();
        self.spare = refresh_token.map(|token| {
            let is_new = old.is_none_or(|old| old.token != token);
            Spare { token, is_new }
        });
    }

    pub(super) fn drop_refresh_token(&mut self, is_refused: bool, was_new: bool) {
        self.spare = None;
        self.events.push(Event::RefreshTokenDropped { refused: is_refused });
        if is_refused && was_new && !self.is_refresh_switched_off() {
            self.refusals += 1;
            if self.is_refresh_switched_off() {
                self.events.push(Event::RefreshSwitchedOff);
            }
        }
    }

    /// After four failures in a row every other attempt asks with the credential: where only the way to refresh is
    /// broken, nobody is locked out by a refresh token that is kept.
    pub(super) fn is_turn_of_credential(&self) -> bool {
        let failures = self.back_off.as_ref().map_or(0, BackOff::failures);
        failures >= 4 && failures.is_multiple_of(2)
    }

    pub(super) const fn is_refresh_switched_off(&self) -> bool {
        self.refusals >= REFUSALS_TO_SWITCH_OFF
    }
}

const REFUSALS_TO_SWITCH_OFF: u8 = 2;

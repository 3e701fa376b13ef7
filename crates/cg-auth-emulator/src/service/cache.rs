//! [`TokenCache`]: the token that a second delegate is answered with.

use std::collections::HashMap;

use cg_auth_core::{
    UserPrincipalName,
    model::{AccessToken, RefreshToken},
};

use crate::refresh_ticket::RefreshTicket;

/// The newest token of each user, until it expires or is deleted. Only users that are known are ever in it,
/// so their number is its bound. `Debug` shows no token.
#[derive(Debug, Default)]
pub(crate) struct TokenCache(HashMap<UserPrincipalName, IssuedToken>);

/// A token and what is known of it without reading it. `Debug` shows no token.
#[derive(Debug, Clone)]
pub(crate) struct IssuedToken {
    pub(crate) access_token: AccessToken,
    pub(crate) refresh_token: RefreshToken,
    /// What its refresh token means.
    pub(crate) ticket: RefreshTicket,
    /// In seconds since 1970.
    pub(crate) expires_at: u64,
}

impl TokenCache {
    pub(crate) fn put(&mut self, user: &UserPrincipalName, token: IssuedToken) {
        self.0.insert(user.clone(), token);
    }

    /// The user's token if it has not expired at `now`.
    pub(crate) fn get(&self, user: &UserPrincipalName, now: u64) -> Option<IssuedToken> {
        self.0.get(user).filter(|token| now < token.expires_at).cloned()
    }

    /// Forgets the user's token if it is of this family.
    pub(crate) fn forget_family(&mut self, user: &UserPrincipalName, family: u64) {
        if self.0.get(user).is_some_and(|token| token.ticket.family == family) {
            self.0.remove(user);
        }
    }

    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

//! [`TokenCache`]: the service's cache of tokens, which answers repeated delegate requests.

use std::collections::HashMap;

use cg_auth_core::{
    UserPrincipalName,
    model::{AccessToken, RefreshToken},
};

use super::refresh_ticket::RefreshTicket;

/// The newest token of each user, until it expires or is deleted. `Debug` shows no token.
///
/// Only known users have an entry, so the number of users bounds the cache.
#[derive(Debug, Default)]
pub(super) struct TokenCache(HashMap<UserPrincipalName, IssuedToken>);

/// An issued token and what the service knows about it. `Debug` shows no token.
#[derive(Debug, Clone)]
pub(super) struct IssuedToken {
    pub(super) access_token: AccessToken,
    pub(super) refresh_token: RefreshToken,
    /// The content of the refresh token.
    pub(super) ticket: RefreshTicket,
    /// When the access token expires, in seconds since 1970.
    pub(super) expires_at: u64,
}

impl TokenCache {
    pub(super) fn put(&mut self, user: &UserPrincipalName, token: IssuedToken) {
        self.0.insert(user.clone(), token);
    }

    /// The user's token, unless it has expired at `now`.
    pub(super) fn get(&self, user: &UserPrincipalName, now: u64) -> Option<IssuedToken> {
        self.0.get(user).filter(|token| now < token.expires_at).cloned()
    }

    /// Removes the user's token if it belongs to this family.
    pub(super) fn remove_family(&mut self, user: &UserPrincipalName, family: u64) {
        if self.0.get(user).is_some_and(|token| token.ticket.family == family) {
            self.0.remove(user);
        }
    }

    pub(super) fn remove(&mut self, user: &UserPrincipalName) {
        self.0.remove(user);
    }

    /// Removes this access token, whichever user it belongs to.
    pub(super) fn remove_access_token(&mut self, access_token: &str) {
        self.0.retain(|_, token| token.access_token.expose_secret() != access_token);
    }

    /// How many tokens have not expired at `now`.
    pub(super) fn count(&self, now: u64) -> usize {
        self.0.values().filter(|token| now < token.expires_at).count()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

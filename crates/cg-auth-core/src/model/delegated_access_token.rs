//! [`DelegatedAccessToken`]: an answer's token, with a usable access token.

use super::{AccessToken, RefreshToken};

/// A delegated access token as the service issued it. It always holds an access token that a header can
/// carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedAccessToken {
    access_token: AccessToken,
    refresh_token: Option<RefreshToken>,
    duration: i64,
}

impl DelegatedAccessToken {
    /// A token that does not come from an answer but, for instance, from a store. Its `duration` is zero:
    /// unknown.
    #[must_use]
    pub const fn new(access_token: AccessToken, refresh_token: Option<RefreshToken>) -> Self {
        Self { access_token, refresh_token, duration: 0 }
    }

    /// The token that authorises API calls, most likely as `Authorization: Bearer`
    /// ([wire protocol, section 7](crate::docs::wire#7-how-the-access-token-is-used-on-later-calls)).
    #[must_use]
    pub const fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// The refresh token, to exchange for the next access token. If the answer to a refresh holds none, this
    /// is the refresh token that was sent.
    #[must_use]
    pub const fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    /// The raw `duration`, in a unit that the vendor does not document; zero or less means unknown
    /// ([wire protocol, section 8](crate::docs::wire#8-duration-unit-and-lifetime--unknown)).
    #[must_use]
    pub const fn duration(&self) -> i64 {
        self.duration
    }

    /// Adds `refresh_token`, unless this token has a refresh token already.
    #[must_use]
    pub fn or_refresh_token(mut self, refresh_token: &RefreshToken) -> Self {
        self.refresh_token.get_or_insert_with(|| refresh_token.clone());
        self
    }

    /// Takes the token apart into access token and refresh token.
    #[must_use]
    pub fn into_tokens(self) -> (AccessToken, Option<RefreshToken>) {
        (self.access_token, self.refresh_token)
    }
    pub(super) const fn with_duration(mut self, duration: i64) -> Self {
        self.duration = duration;
        self
    }
}

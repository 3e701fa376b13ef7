//! [`DelegatedAccessToken`]: a token that can be used.

use super::{AccessToken, DelegatedAccessTokenApiResultValue, RefreshToken};

/// A delegated access token as the service issued it, validated: the access token is there and fits into a
/// header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedAccessToken {
    access_token: AccessToken,
    refresh_token: Option<RefreshToken>,
    duration: i64,
}

impl DelegatedAccessToken {
    /// A token from elsewhere than an answer, such as a store. Its `duration` is zero: unknown.
    #[must_use]
    pub const fn new(access_token: AccessToken, refresh_token: Option<RefreshToken>) -> Self {
        Self { access_token, refresh_token, duration: 0 }
    }

    /// What calls are authorised with; the likely form is `Authorization: Bearer` (SPEC section 7).
    #[must_use]
    pub const fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// What another access token can be had with. After a refresh whose answer named no new one, this is
    /// the one that was sent.
    #[must_use]
    pub const fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    /// The raw `duration`, in a unit that the vendor does not document; zero or less means unknown
    /// (SPEC section 8).
    #[must_use]
    pub const fn duration(&self) -> i64 {
        self.duration
    }

    /// The same token, with `refresh_token` where it has none of its own.
    #[must_use]
    pub fn or_refresh_token(mut self, refresh_token: &RefreshToken) -> Self {
        self.refresh_token.get_or_insert_with(|| refresh_token.clone());
        self
    }

    /// Access token and refresh token, by value.
    #[must_use]
    pub fn into_tokens(self) -> (AccessToken, Option<RefreshToken>) {
        (self.access_token, self.refresh_token)
    }
}

impl TryFrom<DelegatedAccessTokenApiResultValue> for DelegatedAccessToken {
    type Error = NoAccessToken;

    fn try_from(value: DelegatedAccessTokenApiResultValue) -> Result<Self, NoAccessToken> {
        Ok(Self {
            access_token: value.access_token.ok_or(NoAccessToken)?,
            refresh_token: value.refresh_token,
            duration: value.duration,
        })
    }
}

/// A successful answer held no access token that could be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer holds no access token, or one that fits into no header")]
pub struct NoAccessToken;

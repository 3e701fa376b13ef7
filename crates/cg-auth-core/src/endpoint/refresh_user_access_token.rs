//! `POST /auth/token/refresh`: a refresh token becomes another access token.
//!
//! SPEC sections 1 and 2. Everything travels in headers: `refresh_token` and the two credential headers,
//! with neither body nor query. A proxy that drops header names with an underscore (nginx does by default)
//! makes this operation fail.

use http::{HeaderMap, Method};

use super::{Endpoint, EndpointError, REFRESH_TOKEN, sensitive, token_result::read_token_result};
use crate::{
    body::Body,
    model::{ApiCredential, DelegatedAccessToken, RefreshToken},
};

/// Refreshes an access token.
///
/// Not safe to repeat once the request may have arrived: the service may rotate refresh tokens.
#[derive(Debug, Clone)]
pub struct RefreshUserAccessToken {
    credential: ApiCredential,
    refresh_token: RefreshToken,
}

impl RefreshUserAccessToken {
    /// The call that exchanges `refresh_token`, which was issued for `credential`'s user.
    #[must_use]
    pub const fn new(credential: ApiCredential, refresh_token: RefreshToken) -> Self {
        Self { credential, refresh_token }
    }
}

impl Endpoint for RefreshUserAccessToken {
    /// Where the answer names no new refresh token, the token keeps the one that was sent
    /// (SPEC section 11).
    type Output = DelegatedAccessToken;

    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> &str {
        "/auth/token/refresh"
    }

    fn credential(&self) -> &ApiCredential {
        &self.credential
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        headers.insert(REFRESH_TOKEN, sensitive(self.refresh_token.expose_secret()));
    }

    fn read_success(&self, body: &Body) -> Result<(DelegatedAccessToken, Option<String>), EndpointError> {
        let (token, error_msg) = read_token_result(body)?;
        Ok((token.or_refresh_token(&self.refresh_token), error_msg))
    }
}

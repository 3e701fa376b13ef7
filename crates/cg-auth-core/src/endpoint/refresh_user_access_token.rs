//! `POST /auth/token/refresh`: exchanges a refresh token for a token (wire protocol, [section 1]
//! and [section 2]).
//!
//! [section 1]: crate::docs::wire#1-operations
//! [section 2]: crate::docs::wire#2-request-headers-by-client

use http::{HeaderMap, Method};

use super::{Endpoint, EndpointError, headers::REFRESH_TOKEN, token_result::read_token_result};
use crate::{
    body::Body,
    model::{ApiCredential, DelegatedAccessToken, HeaderText, RefreshToken},
};

/// `POST /auth/token/refresh`: exchanges a refresh token for the next access token.
///
/// A retry is not safe once the service may have received the request, because it may rotate refresh tokens.
///
/// The request has neither body nor query: it holds the refresh token and the credential in headers. A proxy
/// that drops header names with an underscore, as nginx does by default, makes this operation fail ([wire
/// protocol, section 2](crate::docs::wire#2-request-headers-by-client)).
#[derive(Debug, Clone)]
pub struct RefreshUserAccessToken {
    credential: ApiCredential,
    refresh_token: RefreshToken,
}

impl RefreshUserAccessToken {
    /// A call that exchanges `refresh_token`, which the service issued for the user in `credential`.
    #[must_use]
    pub const fn new(credential: ApiCredential, refresh_token: RefreshToken) -> Self {
        Self { credential, refresh_token }
    }
}

impl Endpoint for RefreshUserAccessToken {
    /// If the answer holds no refresh token, the output keeps the one that was sent
    /// ([wire protocol, section 11]).
    ///
    /// [wire protocol, section 11]: crate::docs::wire#11-ambiguities-and-how-a-robust-client-should-treat-them
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
        headers.insert(
            REFRESH_TOKEN,
            HeaderText::new(self.refresh_token.expose_secret().into()).header().clone(),
        );
    }

    fn read_success(&self, body: &Body) -> Result<(DelegatedAccessToken, Option<String>), EndpointError> {
        let (token, error_msg) = read_token_result(body)?;
        Ok((token.or_refresh_token(&self.refresh_token), error_msg))
    }
}

//! `POST /auth/token/delegate`: a client secret and a user become a delegated access token.
//!
//! SPEC sections 1 and 2. The credential travels twice, in headers and in the body, as the vendor's clients
//! send it; which of the two the service reads is not known.

use http::Method;

use super::{
    Endpoint, EndpointError,
    token_result::{credential_body, read_token_result},
};
use crate::{
    body::Body,
    model::{ApiCredential, DelegatedAccessToken, JsonContract},
};

/// Gets a delegated access token. Safe to repeat.
#[derive(Debug, Clone)]
pub struct GetDelegateAccessToken {
    credential: ApiCredential,
}

impl GetDelegateAccessToken {
    /// The call for a token of `credential`'s user.
    #[must_use]
    pub const fn new(credential: ApiCredential) -> Self {
        Self { credential }
    }
}

impl Endpoint for GetDelegateAccessToken {
    type Output = DelegatedAccessToken;

    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> &str {
        "/auth/token/delegate"
    }

    fn credential(&self) -> &ApiCredential {
        &self.credential
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn body(&self, contract: JsonContract) -> Option<Body> {
        Some(credential_body(&self.credential, contract))
    }

    fn read_success(&self, body: &Body) -> Result<(DelegatedAccessToken, Option<String>), EndpointError> {
        read_token_result(body)
    }
}

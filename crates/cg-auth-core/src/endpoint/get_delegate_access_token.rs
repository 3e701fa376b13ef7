//! `POST /auth/token/delegate`: exchanges a credential for a token (wire protocol, [section 1]
//! and [section 2]).
//!
//! [section 1]: crate::docs::wire#1-operations
//! [section 2]: crate::docs::wire#2-request-headers-by-client

use http::Method;

use super::{
    Endpoint, EndpointError,
    token_result::{credential_body, read_token_result},
};
use crate::{
    body::Body,
    model::{ApiCredential, DelegatedAccessToken, JsonContract},
};

/// `POST /auth/token/delegate`: exchanges a client secret and a user for a delegated access token. A retry is
/// safe.
///
/// The request holds the credential twice, in headers and in the body, as the requests of the vendor's
/// clients do. It is not known which of the two the service reads ([wire protocol, section
/// 2](crate::docs::wire#2-request-headers-by-client)).
#[derive(Debug, Clone)]
pub struct GetDelegateAccessToken {
    credential: ApiCredential,
}

impl GetDelegateAccessToken {
    /// A call that requests a token for the user in `credential`.
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

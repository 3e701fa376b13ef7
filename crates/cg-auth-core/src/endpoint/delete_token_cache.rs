//! `DELETE /admin/auth/token/cache`: clears the token cache of the service (wire protocol, [section 1]
//! and [section 2]).
//!
//! [section 1]: crate::docs::wire#1-operations
//! [section 2]: crate::docs::wire#2-request-headers-by-client

use http::Method;

use super::{Endpoint, EndpointError, token_result::credential_body};
use crate::{
    body::Body,
    model::{ApiCredential, JsonContract},
};

/// `DELETE /admin/auth/token/cache`: clears the token cache of the service. A retry is safe.
///
/// The user must be a Service Administrator. The request is a DELETE with a body, and it uses the same base
/// URL as the other operations ([wire protocol, section 1](crate::docs::wire#1-operations)).
#[derive(Debug, Clone)]
pub struct DeleteTokenCache {
    credential: ApiCredential,
}

impl DeleteTokenCache {
    /// A call that clears the cache on behalf of the user in `credential`.
    #[must_use]
    pub const fn new(credential: ApiCredential) -> Self {
        Self { credential }
    }
}

impl Endpoint for DeleteTokenCache {
    type Output = ();

    fn method(&self) -> Method {
        Method::DELETE
    }

    fn path(&self) -> &str {
        "/admin/auth/token/cache"
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

    /// Any 2xx is a success, whatever its body says ([wire protocol, section 11]).
    ///
    /// [wire protocol, section 11]: crate::docs::wire#11-ambiguities-and-how-a-robust-client-should-treat-them
    fn read_success(&self, _: &Body) -> Result<((), Option<String>), EndpointError> {
        Ok(((), None))
    }
}

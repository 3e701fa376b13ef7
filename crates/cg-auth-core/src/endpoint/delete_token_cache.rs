//! `DELETE /admin/auth/token/cache`: makes the service forget the tokens it has cached.
//!
//! SPEC sections 1 and 2. A DELETE with a body, below the same base URL as the others; the user must be a
//! Service Administrator.

use http::Method;

use super::{Endpoint, EndpointError, token_result::credential_body};
use crate::{
    body::Body,
    model::{ApiCredential, JsonContract},
};

/// Clears the service's token cache. Safe to repeat.
#[derive(Debug, Clone)]
pub struct DeleteTokenCache {
    credential: ApiCredential,
}

impl DeleteTokenCache {
    /// The call that clears the cache as `credential`'s user.
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

    /// Any 2xx is success, whatever its body says (SPEC section 11).
    fn read_success(&self, _: &Body) -> Result<((), Option<String>), EndpointError> {
        Ok(((), None))
    }
}

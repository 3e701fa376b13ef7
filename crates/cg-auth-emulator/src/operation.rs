//! [`Operation`]: the operations of the service, as a client names them by method and path.

use http::Method;

use crate::{names::named, refusal::Refusal};

/// The operation that a request names by its method and path: one of the three auth operations
/// ([wire protocol, section 1](cg_auth_core::docs::wire#1-operations)), the protected resource, or any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `POST /auth/token/delegate`
    GetDelegateAccessToken,
    /// `POST /auth/token/refresh`
    RefreshUserAccessToken,
    /// `DELETE /admin/auth/token/cache`
    DeleteTokenCache,
    /// `GET /me`, the emulator's stand-in for every part of the service that takes an access token.
    ProtectedResource,
    /// Any other path or method. The service refuses it unless a script answers it.
    Other,
}

impl Operation {
    /// The operation at a method and path. Paths are compared literally: a doubled slash is another path.
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, Refusal> {
        let (operation, its_method, allowed) = match path {
            "/auth/token/delegate" => (Self::GetDelegateAccessToken, Method::POST, "POST"),
            "/auth/token/refresh" => (Self::RefreshUserAccessToken, Method::POST, "POST"),
            "/admin/auth/token/cache" => (Self::DeleteTokenCache, Method::DELETE, "DELETE"),
            PROTECTED_PATH => (Self::ProtectedResource, Method::GET, "GET"),
            _ => return Err(Refusal::NOT_FOUND),
        };
        if *method == its_method { Ok(operation) } else { Err(Refusal::method_not_allowed(allowed)) }
    }
}

named!(
    pub Operation: GetDelegateAccessToken = "get_delegate_access_token",
    RefreshUserAccessToken = "refresh_user_access_token",
    DeleteTokenCache = "delete_token_cache",
    ProtectedResource = "protected_resource",
    Other = "other",
);

/// The path of the protected resource.
pub(crate) const PROTECTED_PATH: &str = "/me";

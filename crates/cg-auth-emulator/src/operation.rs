//! [`Operation`]: the operations of the service, as a client names them by method and path.

use std::fmt;

use http::Method;

use crate::refusal::Refusal;

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
    /// Every operation.
    pub const ALL: &'static [Self] = &[
        Self::GetDelegateAccessToken,
        Self::RefreshUserAccessToken,
        Self::DeleteTokenCache,
        Self::ProtectedResource,
        Self::Other,
    ];

    /// The operation's stable name, as the control API under `/_emulator/` reads and writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetDelegateAccessToken => "get_delegate_access_token",
            Self::RefreshUserAccessToken => "refresh_user_access_token",
            Self::DeleteTokenCache => "delete_token_cache",
            Self::ProtectedResource => "protected_resource",
            Self::Other => "other",
        }
    }

    /// The operation whose [`as_str`](Self::as_str) is `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.as_str() == name)
    }

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

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The path of the protected resource.
pub(crate) const PROTECTED_PATH: &str = "/me";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_name() {
        for &operation in Operation::ALL {
            assert_eq!(Operation::from_name(&operation.to_string()), Some(operation));
        }
        assert_eq!(Operation::from_name("delegate"), None);
    }
}

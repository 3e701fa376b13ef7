//! [`Operation`]: what the emulator can be asked for.

use std::fmt;

use http::Method;

use crate::refusal::Refusal;

/// What a request asks for: one of the three operations of SPEC section 1, the protected resource, or
/// something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `POST /auth/token/delegate`
    GetDelegateAccessToken,
    /// `POST /auth/token/refresh`
    RefreshUserAccessToken,
    /// `DELETE /admin/auth/token/cache`
    DeleteTokenCache,
    /// `GET /me`, which stands for everything else that the service offers to a bearer of a token.
    ProtectedResource,
    /// Any other path or method, which is refused unless a script answers it.
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

    /// A short stable word, as `/_emulator/` reads and writes it.
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

    /// The operation that [`as_str`](Self::as_str) calls `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.as_str() == name)
    }

    /// The operation that a request means. A path is taken literally: a doubled slash is another path.
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

/// Where the protected resource is.
pub(crate) const PROTECTED_PATH: &str = "/me";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_operation() {
        for &operation in Operation::ALL {
            assert_eq!(Operation::from_name(&operation.to_string()), Some(operation));
        }
        assert_eq!(Operation::from_name("delegate"), None);
    }
}

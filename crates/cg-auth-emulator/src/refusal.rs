//! [`Refusal`]: the refusals of the emulated service, each with its status, code and message.

use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ALLOW, WWW_AUTHENTICATE},
};

/// A status and the texts of an `ApiError`. The vendor documents the error's shape
/// ([wire protocol, section 3](cg_auth_core::docs::wire#3-json-shapes)) but no codes, so these are invented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
    /// Whether the reason is the credential, the user or the refresh token, not the form of the request.
    pub(crate) rejects_credentials: bool,
}

impl Refusal {
    pub(crate) const INVALID_CREDENTIAL: Self = Self::of_credentials(
        "InvalidCredential",
        "The client secret or the user principal name is missing or wrong.",
    );
    pub(crate) const USER_DISABLED: Self = Self::of_credentials("UserDisabled", "The user is disabled.");
    pub(crate) const NO_ADMINISTRATOR: Self =
        Self::of_credentials("AdministratorRequired", "The user is not a Service Administrator.");
    pub(crate) const INVALID_REFRESH_TOKEN: Self = Self::of_credentials(
        "InvalidRefreshToken",
        "The refresh token is missing, unknown, expired or already used.",
    );
    pub(crate) const MALFORMED_BODY: Self =
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", "The request body is not a JSON document.");
    pub(crate) const BROKEN_BODY: Self =
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", "The request body ended early or is malformed.");
    pub(crate) const NOT_FOUND: Self =
        Self::new(StatusCode::NOT_FOUND, "NotFound", "There is no operation at this path.");
    pub(crate) const REQUEST_TIMEOUT: Self = Self::new(
        StatusCode::REQUEST_TIMEOUT,
        "RequestTimeout",
        "The request body did not arrive within 10 seconds.",
    );
    pub(crate) const TOO_LARGE: Self = Self::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestTooLarge",
        "The request body is longer than 64 KiB.",
    );
    pub(crate) const UNSUPPORTED_MEDIA_TYPE: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UnsupportedMediaType",
        "The request body must be JSON, and its Content-Type must say so.",
    );

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, header: None, rejects_credentials: false }
    }

    const fn of_credentials(code: &'static str, message: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message, header: None, rejects_credentials: true }
    }

    /// A script's refusal.
    pub(crate) const fn scripted(status: StatusCode) -> Self {
        Self::new(status, "Scripted", "A script of the emulator refuses this request.")
    }

    /// The path exists, but not with this method.
    pub(crate) fn method_not_allowed(allowed: &'static str) -> Self {
        Self {
            header: Some((ALLOW, HeaderValue::from_static(allowed))),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "This path does not support this method; see the Allow header.",
            )
        }
    }

    /// A request for a protected resource has no access token. RFC 6750 section 3.1 advises against an error
    /// code here.
    pub(crate) fn no_access_token() -> Self {
        Self {
            header: Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            ..Self::new(StatusCode::UNAUTHORIZED, "InvalidToken", "An access token is required.")
        }
    }

    /// The access token comes from another issuer, is damaged, has expired or was revoked.
    pub(crate) fn invalid_access_token() -> Self {
        Self {
            header: Some((WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer error="invalid_token""#))),
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                "InvalidToken",
                "The access token is invalid, has expired or was revoked.",
            )
        }
    }
}

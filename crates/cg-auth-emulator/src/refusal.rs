//! [`Refusal`]: every way in which the emulator says no.

use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ALLOW, WWW_AUTHENTICATE},
};

/// A status and the words of an `ApiError`. The vendor documents the shape (SPEC section 3.1) but no code,
/// so these are inventions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
    /// Whether it judges who asks or with which refresh token, rather than how.
    pub(crate) judges_the_asker: bool,
}

impl Refusal {
    pub(crate) const INVALID_CREDENTIAL: Self = Self::judgement(
        "InvalidCredential",
        "The client secret or the user principal name is missing or wrong.",
    );
    pub(crate) const USER_DISABLED: Self = Self::judgement("UserDisabled", "The user is disabled.");
    pub(crate) const NO_ADMINISTRATOR: Self =
        Self::judgement("AdministratorRequired", "The user is not a Service Administrator.");
    pub(crate) const INVALID_REFRESH_TOKEN: Self = Self::judgement(
        "InvalidRefreshToken",
        "The refresh token is missing, unknown, expired or already used.",
    );
    pub(crate) const MALFORMED_BODY: Self =
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", "The request body is not a JSON document.");
    pub(crate) const BROKEN_BODY: Self =
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", "The request body could not be read.");
    pub(crate) const NOT_FOUND: Self =
        Self::new(StatusCode::NOT_FOUND, "NotFound", "There is no operation at this path.");
    pub(crate) const REQUEST_TIMEOUT: Self =
        Self::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", "The request body took too long.");
    pub(crate) const TOO_LARGE: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLarge", "The request body is too long.");
    pub(crate) const UNSUPPORTED_MEDIA_TYPE: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UnsupportedMediaType",
        "The request body must be JSON.",
    );

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, header: None, judges_the_asker: false }
    }

    const fn judgement(code: &'static str, message: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message, header: None, judges_the_asker: true }
    }

    /// What a script makes the emulator say.
    pub(crate) fn scripted(status: StatusCode, header: Option<(HeaderName, HeaderValue)>) -> Self {
        Self { header, ..Self::new(status, "Scripted", "A script refuses this request.") }
    }

    /// The path exists, for another method.
    pub(crate) fn method_not_allowed(allowed: &'static str) -> Self {
        Self {
            header: Some((ALLOW, HeaderValue::from_static(allowed))),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "The operation at this path has another method.",
            )
        }
    }

    /// A protected resource was asked for without an access token (RFC 6750 section 3.1: no error code).
    pub(crate) fn no_access_token() -> Self {
        Self {
            header: Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            ..Self::new(StatusCode::UNAUTHORIZED, "InvalidToken", "An access token is required.")
        }
    }

    /// The access token is of another issuer, damaged or expired.
    pub(crate) fn invalid_access_token() -> Self {
        Self {
            header: Some((WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer error="invalid_token""#))),
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                "InvalidToken",
                "The access token is invalid or has expired.",
            )
        }
    }
}

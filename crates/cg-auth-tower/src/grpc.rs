//! [`is_unauthenticated`]: how a gRPC service refuses a token.

use cg_auth_core::token::is_unauthorized;
use http::{HeaderMap, StatusCode};

/// Whether a gRPC service refuses the token: the head of its answer says `grpc-status: 16`
/// (`UNAUTHENTICATED`), or a gateway before it answers as [`is_unauthorized`] decides.
///
/// A gRPC service that refuses a call before its first message puts the status into the head; tonic does. A
/// status that follows messages stands in the trailers, where the layer does not look: such an answer goes
/// back as it is. The status 7 (`PERMISSION_DENIED`) refuses the user, not the token.
///
/// ```
/// use cg_auth_tower::is_unauthenticated;
/// use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
///
/// let name = HeaderName::from_static("grpc-status");
/// let head = HeaderMap::from_iter([(name, HeaderValue::from_static("16"))]);
/// assert!(is_unauthenticated(StatusCode::OK, &head));
/// assert!(!is_unauthenticated(StatusCode::OK, &HeaderMap::new()));
/// ```
#[must_use]
pub fn is_unauthenticated(status: StatusCode, headers: &HeaderMap) -> bool {
    headers.get("grpc-status").is_some_and(|code| code == "16") || is_unauthorized(status, headers)
}

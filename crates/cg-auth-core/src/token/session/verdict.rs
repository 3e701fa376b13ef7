//! What a failed refresh means to the refresh token.

use http::StatusCode;

use crate::client::{CallError, CallErrorKind};

/// What becomes of a refresh token whose call has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The service has not taken it, and may take it later.
    Keep,
    /// The service does not take it.
    Refused,
    /// The service may have taken it, and nobody saw what it gave in its place.
    Lost,
}

impl Verdict {
    pub(super) fn of_refresh(error: &CallError) -> Self {
        match (error.kind(), error.status()) {
            (CallErrorKind::Rejected, _) => Self::Refused,
            (
                _,
                Some(
                    StatusCode::REQUEST_TIMEOUT
                    | StatusCode::TOO_EARLY
                    | StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::SERVICE_UNAVAILABLE,
                ),
            ) => Self::Keep,
            (_, Some(status)) if status.is_client_error() => Self::Refused,
            // Nothing took it: a redirect is somebody else's answer.
            (_, Some(status)) if status.is_redirection() => Self::Keep,
            _ if error.may_have_been_sent() => Self::Lost,
            _ => Self::Keep,
        }
    }
}

//! [`ControlError`]: the error answers of the control API.

use std::borrow::Cow;

use http::StatusCode;
use serde::Serialize;

use crate::{clock::ClockError, refusal::Refusal, request_log::WaitRefused, service::UserError};

/// A status, a code for programs and a message for people. The message never quotes the request, which may
/// hold a secret.
#[derive(Debug, Serialize)]
pub(super) struct ControlError {
    #[serde(skip)]
    pub(super) status: StatusCode,
    /// The methods of the path, for the header `Allow`.
    #[serde(skip)]
    pub(super) allowed: Option<String>,
    code: &'static str,
    message: Cow<'static, str>,
    /// How many requests a wait has seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

impl ControlError {
    pub(super) const FORBIDDEN: Self = Self::new(
        StatusCode::FORBIDDEN,
        "Forbidden",
        Cow::Borrowed("The control API serves only programs on this machine, at a loopback address."),
    );
    pub(super) const UNAUTHORIZED: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "Unauthorized",
        Cow::Borrowed("The control token is missing or wrong; send it as `Authorization: Bearer TOKEN`."),
    );
    pub(super) const NOT_FOUND: Self = Self::new(
        StatusCode::NOT_FOUND,
        "NotFound",
        Cow::Borrowed("The control API has no such path or script; GET /_emulator/ lists the paths."),
    );

    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message.into())
    }

    pub(super) fn not_found(message: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", message.into())
    }

    pub(super) fn too_many_scripts(limit: usize) -> Self {
        let message = format!("{limit} scripts are active; delete one first.");
        Self::new(StatusCode::CONFLICT, "TooManyScripts", message.into())
    }

    pub(super) fn method_not_allowed(allowed: String) -> Self {
        let message = format!("This path supports {allowed}.");
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message.into());
        Self { allowed: Some(allowed), ..error }
    }

    const fn new(status: StatusCode, code: &'static str, message: Cow<'static, str>) -> Self {
        Self { status, allowed: None, code, message, count: None }
    }
}

impl From<Refusal> for ControlError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status, refusal.code, refusal.message.into())
    }
}

impl From<ClockError> for ControlError {
    fn from(error: ClockError) -> Self {
        let (status, code) = match error {
            ClockError::BeyondCalendar => (StatusCode::BAD_REQUEST, "BeyondCalendar"),
            ClockError::Manual => (StatusCode::CONFLICT, "ManualClock"),
        };
        Self::new(status, code, format!("{error}.").into())
    }
}

impl From<UserError> for ControlError {
    fn from(error: UserError) -> Self {
        let (status, code) = match error {
            UserError::Unknown => (StatusCode::NOT_FOUND, "UnknownUser"),
            UserError::Exists => (StatusCode::CONFLICT, "UserExists"),
            UserError::TooMany => (StatusCode::CONFLICT, "TooManyUsers"),
        };
        Self::new(status, code, format!("{error}.").into())
    }
}

impl From<WaitRefused> for ControlError {
    fn from(refused: WaitRefused) -> Self {
        match refused {
            // Some clients repeat a request after 408 by themselves; none does after 504.
            WaitRefused::TimedOut(error) => {
                let message = format!("{} of {} requests arrived in time.", error.seen, error.wanted);
                let answer = Self::new(StatusCode::GATEWAY_TIMEOUT, "WaitTimedOut", message.into());
                Self { count: Some(error.seen), ..answer }
            }
            WaitRefused::TooMany => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "TooManyWaits", format!("{refused}.").into())
            }
            WaitRefused::ShuttingDown => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "ShuttingDown", format!("{refused}.").into())
            }
        }
    }
}

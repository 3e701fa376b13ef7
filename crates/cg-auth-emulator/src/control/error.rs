//! [`ControlError`]: the error answers of the control API.

use std::borrow::Cow;

use http::StatusCode;
use serde::Serialize;

use crate::{
    clock::ClockError, input::InputError, refusal::Refusal, request_log::WaitRefused, service::UserError,
};

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
        Cow::Borrowed("The control API has no such path; GET /_emulator/ lists the paths."),
    );
    pub(super) const NO_SCRIPT: Self = Self::new(
        StatusCode::NOT_FOUND,
        "NotFound",
        Cow::Borrowed(
            "No script that is active or ended lately has this id; GET /_emulator/scripts lists the active ones.",
        ),
    );
    pub(super) const NO_ACTIVE_SCRIPT: Self = Self::new(
        StatusCode::NOT_FOUND,
        "NotFound",
        Cow::Borrowed("No active script has this id; GET /_emulator/scripts lists the active ones."),
    );

    /// `problem` becomes a sentence.
    pub(super) fn invalid(problem: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", sentence(problem.into()).into())
    }

    /// `problem` becomes a sentence.
    pub(super) fn not_found(problem: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", sentence(problem.into()).into())
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

impl From<InputError> for ControlError {
    fn from(error: InputError) -> Self {
        Self::invalid(match error {
            InputError::Syntax { line, column } => {
                format!("the body is not valid JSON at line {line}, column {column}")
            }
            InputError::Document { problem } => format!("the body {problem}"),
            InputError::Member { path, problem } => format!("`{path}` {problem}"),
            InputError::Parameter { name, problem } => format!("the parameter `{name}` {problem}"),
        })
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
        Self::new(status, code, sentence(error.to_string()).into())
    }
}

impl From<UserError> for ControlError {
    fn from(error: UserError) -> Self {
        let (status, code) = match error {
            UserError::Unknown => (StatusCode::NOT_FOUND, "UnknownUser"),
            UserError::Exists => (StatusCode::CONFLICT, "UserExists"),
            UserError::TooMany => (StatusCode::CONFLICT, "TooManyUsers"),
        };
        Self::new(status, code, sentence(error.to_string()).into())
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
            WaitRefused::TooMany => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "TooManyWaits",
                sentence(refused.to_string()).into(),
            ),
            WaitRefused::ShuttingDown => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ShuttingDown",
                sentence(refused.to_string()).into(),
            ),
        }
    }
}

fn sentence(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !text.ends_with(['.', '?']) {
        text.push('.');
    }
    text
}

//! [`ControlError`]: the error answers of the control API.

use std::borrow::Cow;

use http::StatusCode;
use serde::Serialize;

use crate::refusal::Refusal;

/// A status, a code for programs and a message for people. The message never quotes the request, which may
/// hold a secret.
#[derive(Debug, Serialize)]
pub(super) struct ControlError {
    #[serde(skip)]
    pub(super) status: StatusCode,
    #[serde(skip)]
    pub(super) allowed: Option<&'static str>,
    code: &'static str,
    message: Cow<'static, str>,
}

impl ControlError {
    pub(super) const FORBIDDEN: Self = Self::new(
        StatusCode::FORBIDDEN,
        "Forbidden",
        Cow::Borrowed("The control API serves only programs on this machine, at a loopback address."),
    );
    pub(super) const NOT_FOUND: Self = Self::new(
        StatusCode::NOT_FOUND,
        "NotFound",
        Cow::Borrowed("The control API has no such path or script."),
    );

    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message.into())
    }

    pub(super) fn too_many_scripts(limit: usize) -> Self {
        let message = format!("{limit} scripts are active; delete one first.");
        Self::new(StatusCode::CONFLICT, "TooManyScripts", message.into())
    }

    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let message = Cow::Borrowed("This path does not support this method; see the Allow header.");
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        Self { allowed: Some(allowed), ..error }
    }

    const fn new(status: StatusCode, code: &'static str, message: Cow<'static, str>) -> Self {
        Self { status, allowed: None, code, message }
    }
}

impl From<Refusal> for ControlError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status, refusal.code, refusal.message.into())
    }
}

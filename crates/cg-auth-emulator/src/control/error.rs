//! [`ControlError`]: how the emulator says that it did not understand an order.

use std::borrow::Cow;

use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};

use crate::refusal::Refusal;

/// A status, a word for programs and a sentence for people. Nothing of the request is quoted.
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
        Cow::Borrowed("Only programs on this machine may do this, at a loopback address."),
    );
    pub(super) const NOT_FOUND: Self =
        Self::new(StatusCode::NOT_FOUND, "NotFound", Cow::Borrowed("There is nothing at this path."));

    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message.into())
    }

    pub(super) fn too_many_scripts(most: usize) -> Self {
        let message = format!("There are {most} scripts already.");
        Self::new(StatusCode::CONFLICT, "TooManyScripts", message.into())
    }

    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let message = Cow::Borrowed("What is at this path has another method.");
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

/// What a JSON body says, or where it stops making sense.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    serde_json::from_slice(body).map_err(|error| {
        let problem = if error.is_data() { "not what is expected here" } else { "no JSON" };
        let (line, column) = (error.line(), error.column());
        ControlError::invalid(format!("The body is {problem}: line {line}, column {column}."))
    })
}

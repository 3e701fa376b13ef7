//! [`EndpointError`]: why a request was not built, or what an answer says that is no success.

use std::{fmt, time::Duration};

use http::{HeaderMap, StatusCode};

use super::{answered::Answered, redaction::Redaction};
use crate::{
    model::{ApiError, ConfigError, JsonError},
    recovery::Recovery,
    time::Now,
};

/// A call that got no success, told by how far it came: config (never built), protocol (answered, but not
/// by an answer of this operation), api (an HTTP status of 400 or above), rejected (a 2xx that says no).
///
/// What the server said is reached by accessors only, after every secret that was sent has been replaced.
/// `Display` and `Debug` show none of it.
#[derive(Clone)]
pub struct EndpointError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    /// `None` only until an answer is attached, and for config.
    answered: Option<Answered>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Config(ConfigError),
    Protocol(ProtocolError),
    Api,
    Rejected,
}

/// What makes an answer unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The status is neither a success nor a failure; a redirect is never followed, since it could send the
    /// secret to another origin.
    #[error("the status is neither a success nor a failure; redirects are not followed, check the base URL")]
    UnexpectedStatus,
    /// The body is compressed, which was not offered.
    #[error("the body is compressed, which was not offered")]
    Encoded,
    /// The body is empty where a token was expected.
    #[error("the body is empty")]
    EmptyBody,
    /// The body is not the JSON document that was expected.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A value in the answer cannot be used.
    #[error(transparent)]
    Value(ConfigError),
    /// The answer says success but holds no access token that could be used.
    #[error("the answer holds no access token, or one that fits into no header")]
    NoAccessToken,
}

impl EndpointError {
    /// The answer says no: `errorMsg`, if there was one. For implementations of
    /// [`read_success`](super::Endpoint::read_success).
    #[must_use]
    pub fn rejected(error_msg: Option<String>) -> Self {
        let error = ApiError { message: error_msg.map(|line| vec![line]), ..ApiError::default() };
        Self::new(Kind::Rejected, Some(Answered { error, ..Answered::default() }))
    }

    pub(super) fn api() -> Self {
        Self::new(Kind::Api, None)
    }

    fn new(kind: Kind, answered: Option<Answered>) -> Self {
        Self(Box::new(Inner { kind, answered }))
    }

    /// Whether the request was never built.
    #[must_use]
    pub fn is_config(&self) -> bool {
        matches!(self.0.kind, Kind::Config(_))
    }

    /// Whether there was an answer that is none of this operation.
    #[must_use]
    pub fn is_protocol(&self) -> bool {
        matches!(self.0.kind, Kind::Protocol(_))
    }

    /// Whether the answer's HTTP status is 400 or above.
    #[must_use]
    pub fn is_api(&self) -> bool {
        matches!(self.0.kind, Kind::Api)
    }

    /// Whether the service answered 2xx with `isSuccess: false`, or the like.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        matches!(self.0.kind, Kind::Rejected)
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.answered_with().map(|answered| answered.status)
    }

    /// The headers of the answer that are safe to show: `content-type`, `content-length`, `date`,
    /// `retry-after`, `server`, `via`, `www-authenticate` and the usual names of a request id.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.answered_with().map(|answered| &answered.headers)
    }

    /// The service's word for programs.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.answered_with()?.error.code.as_deref()
    }

    /// The service's lines for people: `message` of an error answer, `errorMsg` of a refusal. At most
    /// 16 lines of 4096 bytes are kept.
    #[must_use]
    pub fn messages(&self) -> &[String] {
        self.answered_with().and_then(|answered| answered.error.message.as_deref()).unwrap_or_default()
    }

    /// The id that the vendor's support asks for: of the body, else of a header.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.answered_with()?.request_id()
    }

    /// When it happened, in the service's own notation.
    #[must_use]
    pub fn date(&self) -> Option<&str> {
        self.answered_with()?.error.date.as_deref()
    }

    /// The beginning of the body of an answer that is no 2xx: at most 512 bytes, decoded as UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.answered_with()?.text.as_deref()
    }

    /// How long after the answer the service wants to be asked again, if it says so.
    ///
    /// `None` also for a date where the answer carries no `Date` and no client was there to note the time
    /// of receipt.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let answered = self.answered_with()?;
        answered.retry_after?.delay(answered.received.map(|received| received.wall()))
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.recovery() == Recovery::Retry
    }

    /// What helps.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        match self.0.kind {
            Kind::Rejected => Recovery::ReplaceCredential,
            Kind::Config(_) | Kind::Protocol(_) => Recovery::FixConfiguration,
            Kind::Api => match self.status().map_or(0, |status| status.as_u16()) {
                400 | 401 | 403 => Recovery::ReplaceCredential,
                408 | 425 | 429 => Recovery::Retry,
                501 | 505 => Recovery::FixConfiguration,
                500..=599 => Recovery::Retry,
                _ => Recovery::FixConfiguration,
            },
        }
    }

    /// Notes what the answer was. Whatever `read_success` already knew is kept; but where there is an answer,
    /// a value that cannot be used is the service's, not a setting.
    pub(super) fn answered(mut self, mut answered: Answered, redaction: &Redaction) -> Self {
        if let Some(known) = self.0.answered.take() {
            answered.error = known.error.redacted(redaction);
        }
        if let Kind::Config(value) = self.0.kind {
            self.0.kind = Kind::Protocol(ProtocolError::Value(value));
        }
        self.0.answered = Some(answered);
        self
    }

    /// Notes when the answer came, which a `Retry-After` date counts from.
    pub(crate) fn received_at(mut self, received: Now) -> Self {
        if let Some(answered) = &mut self.0.answered {
            answered.received = Some(received);
        }
        self
    }

    fn answered_with(&self) -> Option<&Answered> {
        self.0.answered.as_ref()
    }
}

impl From<ConfigError> for EndpointError {
    fn from(error: ConfigError) -> Self {
        Self::new(Kind::Config(error), None)
    }
}

impl From<ProtocolError> for EndpointError {
    fn from(error: ProtocolError) -> Self {
        Self::new(Kind::Protocol(error), None)
    }
}

impl From<JsonError> for EndpointError {
    fn from(error: JsonError) -> Self {
        ProtocolError::Json(error).into()
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = StatusText(self.status());
        match self.0.kind {
            Kind::Config(error) => fmt::Display::fmt(&error, f),
            Kind::Protocol(_) => write!(f, "the service answered{status}, which is no usable answer"),
            Kind::Api => write!(f, "the service answered{status}"),
            Kind::Rejected => write!(f, "the service refused the request in a{status} answer"),
        }
    }
}

impl fmt::Debug for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointError")
            .field("kind", &self.0.kind)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl std::error::Error for EndpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            Kind::Protocol(error) => Some(error),
            Kind::Config(_) | Kind::Api | Kind::Rejected => None,
        }
    }
}

struct StatusText(Option<StatusCode>);

impl fmt::Display for StatusText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => write!(f, " {}", status.as_str())
                .and_then(|()| status.canonical_reason().map_or(Ok(()), |reason| write!(f, " {reason}"))),
            None => Ok(()),
        }
    }
}

//! [`EndpointError`]: the request could not be built, or the answer is not a success.

use std::{fmt, time::Duration};

use http::{HeaderMap, StatusCode};

use super::{
    failed_answer::{FailedAnswer, redacted},
    secrets::Secrets,
};
use crate::{
    body::Body,
    model::{ApiError, ConfigError, JsonError},
    recovery::Recovery,
    time::Now,
};

/// A call that failed at the level of the endpoint. Exactly one predicate is true:
///
/// - [`is_config`](Self::is_config): the request could not be built;
/// - [`is_protocol`](Self::is_protocol): the answer is not valid for this operation;
/// - [`is_api`](Self::is_api): the HTTP status is 400 or above;
/// - [`is_rejected`](Self::is_rejected): the status is 2xx, and the body says `isSuccess: false`.
///
/// Accessors give the text of the service, with every secret replaced. `Display` and `Debug` show none of
/// that text.
#[derive(Clone)]
pub struct EndpointError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    /// `None` for the config kind, and until `with_answer`.
    answer: Option<FailedAnswer>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Config(ConfigError),
    Protocol(ProtocolError),
    Api,
    Rejected,
}

/// Why an answer is not valid for the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The status is neither 2xx nor 400 or above. The client follows no redirect, because that could send
    /// the secret to another origin.
    UnexpectedStatus,
    /// The body is compressed or otherwise encoded, although the request does not offer that.
    Encoded,
    /// The body is empty, and the operation needs one.
    EmptyBody,
    /// The body is not the JSON document of the operation.
    Json(JsonError),
    /// A value in the answer is invalid.
    Value(ConfigError),
    /// The answer says success, but it holds no access token that a header can carry.
    NoAccessToken,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnexpectedStatus => {
                "expected a status of 2xx; redirects are not followed, check the base URL"
            }
            Self::Encoded => {
                "the body has a content-encoding that the client did not offer; check the proxy in front of the \
                 service"
            }
            Self::EmptyBody => "the body is empty; expected a JSON document with a token",
            Self::Json(error) => return error.fmt(f),
            Self::Value(error) => return error.fmt(f),
            Self::NoAccessToken => "the answer holds no access token that a header can carry",
        })
    }
}

impl std::error::Error for ProtocolError {}

impl From<JsonError> for ProtocolError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl EndpointError {
    /// The service refused the request, with an `errorMsg` if there is one. For implementations of
    /// [`read_success`](super::Endpoint::read_success).
    #[must_use]
    pub fn rejected(error_msg: Option<String>) -> Self {
        let error = ApiError { message: error_msg.map(|line| vec![line]), ..ApiError::default() };
        Self::new(Kind::Rejected, Some(FailedAnswer { error, ..FailedAnswer::default() }))
    }

    /// Whether the request could not be built.
    #[must_use]
    pub fn is_config(&self) -> bool {
        matches!(self.0.kind, Kind::Config(_))
    }

    /// Whether the answer is not valid for this operation.
    #[must_use]
    pub fn is_protocol(&self) -> bool {
        matches!(self.0.kind, Kind::Protocol(_))
    }

    /// Whether the HTTP status is 400 or above.
    #[must_use]
    pub fn is_api(&self) -> bool {
        matches!(self.0.kind, Kind::Api)
    }

    /// Whether the service answered 2xx and refused the request, with `isSuccess: false` or an `errorMsg`
    /// alone.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        matches!(self.0.kind, Kind::Rejected)
    }

    /// The remedy. The status decides, and for 400, 401 and 403 also whether the answer
    /// [is foreign](Self::is_foreign): only the service itself can refuse a credential.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        match self.0.kind {
            Kind::Rejected => Recovery::ReplaceCredential,
            Kind::Config(_) | Kind::Protocol(_) => Recovery::FixConfiguration,
            Kind::Api => match self.status().map_or(0, |status| status.as_u16()) {
                400 | 401 | 403 if !self.is_foreign() => Recovery::ReplaceCredential,
                408 | 425 | 429 => Recovery::Retry,
                501 | 505 => Recovery::FixConfiguration,
                500..=599 => Recovery::Retry,
                _ => Recovery::FixConfiguration,
            },
        }
    }

    /// Whether the status is 400 or above and the body is not one of the service: neither empty, nor an
    /// [`ApiError`], nor an envelope. A firewall, a gateway or a login page sends such a body.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.is_api() && self.answer().is_some_and(|answer| answer.is_foreign)
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.recovery() == Recovery::Retry
    }

    /// The time between the answer and the retry that the service asks for with `Retry-After`.
    ///
    /// `None` if it asks for none. `None` also if it names a date, the answer has no `Date`, and no
    /// [`AuthClient`](crate::AuthClient) recorded when the answer arrived.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let answer = self.answer()?;
        answer.retry_after?.delay(answer.received.map(|received| received.wall()))
    }

    /// The HTTP status, if there is an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.answer().map(|answer| answer.status)
    }

    /// The service's error code, for programs.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.answer()?.error.code.as_deref()
    }

    /// The service's messages for people: `message` of an error answer, `errorMsg` of a refusal.
    ///
    /// At most 16 lines are kept, and at most 4096 bytes of each.
    #[must_use]
    pub fn messages(&self) -> &[String] {
        self.answer().and_then(|answer| answer.error.message.as_deref()).unwrap_or_default()
    }

    /// The id of the request, for the vendor's support: from the body, else from a header.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.answer()?.request_id()
    }

    /// The time of the error, in the service's own notation.
    #[must_use]
    pub fn date(&self) -> Option<&str> {
        self.answer()?.error.date.as_deref()
    }

    /// The first 512 bytes of the body, decoded as UTF-8, without secrets and without words that may be a
    /// token.
    ///
    /// `None` for a 2xx, whose body may hold a token, and for a body that cannot be searched: one that is
    /// encoded, that holds a NUL, or that assigns a quoted value to a name such as `access_token`.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.answer()?.text.as_deref()
    }

    /// The headers of the answer that are safe to show: `content-type`, `content-length`, `date`,
    /// `retry-after`, `server`, `via`, `www-authenticate` and the usual names of a request id.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.answer().map(|answer| &answer.headers)
    }

    /// An error of the api kind, for [`with_answer`](Self::with_answer).
    pub(super) fn api() -> Self {
        Self::new(Kind::Api, None)
    }

    /// Adds the redacted parts of the answer. In an answer, an invalid value is a protocol error, because it
    /// comes from the service and not from a setting.
    pub(super) fn with_answer(
        mut self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &Body,
        secrets: &Secrets,
    ) -> Self {
        let redaction = secrets.redaction();
        let mut answer = FailedAnswer::read(status, headers, body, &redaction);
        if let Some(known) = self.0.answer.take() {
            answer.error = redacted(known.error.into(), &redaction);
        }
        if let Kind::Config(value) = self.0.kind {
            self.0.kind = Kind::Protocol(ProtocolError::Value(value));
        }
        self.0.answer = Some(answer);
        self
    }

    /// Records when the answer arrived. A `Retry-After` date counts from then.
    pub(crate) fn received_at(mut self, received: Now) -> Self {
        if let Some(answer) = &mut self.0.answer {
            answer.received = Some(received);
        }
        self
    }

    fn new(kind: Kind, answer: Option<FailedAnswer>) -> Self {
        Self(Box::new(Inner { kind, answer }))
    }

    fn answer(&self) -> Option<&FailedAnswer> {
        self.0.answer.as_ref()
    }

    fn doubt(&self) -> Option<&'static Doubt> {
        let has_unreadable = self.answer().is_some_and(|answer| answer.has_unreadable_retry_after);
        match (self.is_foreign(), has_unreadable) {
            (true, true) => Some(&Doubt::Both),
            (true, false) => Some(&Doubt::Foreign),
            (false, true) => Some(&Doubt::RetryAfter),
            (false, false) => None,
        }
    }
}

/// What the program should know about an answer besides its status.
#[derive(Debug)]
enum Doubt {
    Foreign,
    RetryAfter,
    Both,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Foreign => {
                "the body is not one of the service; a proxy, a firewall or a gateway may have answered, so check \
                 the base URL and what stands in front of the service"
            }
            Self::RetryAfter => "its Retry-After header holds neither seconds nor a date and is ignored",
            Self::Both => {
                "the body is not one of the service; a proxy, a firewall or a gateway may have answered, so check \
                 the base URL and what stands in front of the service (the Retry-After header holds neither \
                 seconds nor a date and is ignored)"
            }
        })
    }
}

impl std::error::Error for Doubt {}

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
            Kind::Protocol(_) => write!(f, "the service answered{status}, but the answer is not usable"),
            Kind::Api => write!(f, "the service answered{status}"),
            Kind::Rejected => write!(f, "the service answered{status} with isSuccess false"),
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
            Kind::Api => self.doubt().map(|doubt| doubt as _),
            Kind::Config(_) | Kind::Rejected => None,
        }
    }
}

/// The status and its reason, after a space; empty if there is no status.
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

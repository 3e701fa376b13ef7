//! [`CallError`]: a failed call, whether the endpoint, the transport or the deadline failed it.

use std::{fmt, time::Duration};

#[cfg(feature = "test-util")]
use http::Response;
use http::{HeaderMap, StatusCode};

#[cfg(feature = "test-util")]
use crate::{
    body::Body,
    endpoint::{Endpoint, GetDelegateAccessToken},
    model::{ApiCredential, ClientSecret, UserPrincipalName},
};
use crate::{
    endpoint::EndpointError,
    model::ConfigError,
    recovery::Recovery,
    transport::{TransportError, TransportErrorKind},
};

/// A failed call.
///
/// [`kind`](Self::kind) is the stage at which it failed, and [`recovery`](Self::recovery) is the remedy.
/// `Display` and `Debug` show no secret and no text of the service. Accessors such as
/// [`messages`](Self::messages) give that text, redacted.
#[derive(Debug, Clone)]
pub struct CallError {
    cause: Cause,
    attempts: u32,
    /// Whether the service may have received an earlier attempt.
    sent_before: bool,
}

#[derive(Debug, Clone)]
enum Cause {
    Endpoint(EndpointError),
    Transport(TransportError),
    Timeout(Duration),
}

/// The stage at which a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// A setting is wrong. No request was sent.
    Config,
    /// The network, TLS or HTTP itself failed, so there is no complete answer.
    Transport,
    /// The deadline of the call or of one attempt passed. The service may have received the request.
    Timeout,
    /// The answer is not valid for this operation.
    Protocol,
    /// The service answered with an HTTP status of 400 or above.
    Api,
    /// The service answered 2xx and refused the request.
    Rejected,
}

impl CallErrorKind {
    /// The kind as a short stable word, for logs and machine-readable output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Transport => "transport",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Api => "api",
            Self::Rejected => "rejected",
        }
    }
}

impl CallError {
    /// The stage at which the call failed.
    #[must_use]
    pub fn kind(&self) -> CallErrorKind {
        match &self.cause {
            Cause::Endpoint(error) if error.is_config() => CallErrorKind::Config,
            Cause::Endpoint(error) if error.is_protocol() => CallErrorKind::Protocol,
            Cause::Endpoint(error) if error.is_rejected() => CallErrorKind::Rejected,
            Cause::Endpoint(_) => CallErrorKind::Api,
            Cause::Transport(error) if error.kind() == TransportErrorKind::Config => CallErrorKind::Config,
            Cause::Transport(_) => CallErrorKind::Transport,
            Cause::Timeout(_) => CallErrorKind::Timeout,
        }
    }

    /// The remedy.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        match &self.cause {
            Cause::Endpoint(error) => error.recovery(),
            Cause::Transport(error) => error.recovery(),
            Cause::Timeout(_) => Recovery::Retry,
        }
    }

    /// Whether the same call may succeed later. [`retry_after`](Self::retry_after) says when.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.recovery() == Recovery::Retry
    }

    /// The time between the answer and the retry that the service asks for, if it asks for one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.as_endpoint()?.retry_after()
    }

    /// Whether the service may have received the request, in any attempt. If this is false, it certainly did
    /// not.
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        self.sent_before
            || match &self.cause {
                Cause::Endpoint(error) => !error.is_config(),
                Cause::Transport(error) => error.may_have_been_sent(),
                Cause::Timeout(_) => true,
            }
    }

    /// Whether the answer is an error that is not one of the service; see [`EndpointError::is_foreign`].
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.as_endpoint().is_some_and(EndpointError::is_foreign)
    }

    /// The number of attempts: requests that the client passed to the transport.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The HTTP status, if there is an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.as_endpoint()?.status()
    }

    /// The service's error code, for programs.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.as_endpoint()?.code()
    }

    /// The service's messages for people; see [`EndpointError::messages`].
    #[must_use]
    pub fn messages(&self) -> &[String] {
        self.as_endpoint().map_or(&[], EndpointError::messages)
    }

    /// The id of the request, for the vendor's support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.as_endpoint()?.request_id()
    }

    /// The headers of the answer that are safe to show; see [`EndpointError::headers`].
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.as_endpoint()?.headers()
    }

    /// The endpoint's error, if there is an answer or the request could not be built.
    #[must_use]
    pub const fn as_endpoint(&self) -> Option<&EndpointError> {
        match &self.cause {
            Cause::Endpoint(error) => Some(error),
            Cause::Transport(_) | Cause::Timeout(_) => None,
        }
    }

    /// The transport's error, if the transport failed.
    #[must_use]
    pub const fn as_transport(&self) -> Option<&TransportError> {
        match &self.cause {
            Cause::Transport(error) => Some(error),
            Cause::Endpoint(_) | Cause::Timeout(_) => None,
        }
    }

    /// Whether a connection was there, and ended before it took the request. A service that cannot be reached
    /// is another matter: each retry tries to connect again.
    pub(super) fn is_untaken(&self) -> bool {
        let is_untaken =
            |it: &TransportError| it.kind() == TransportErrorKind::Closed && !it.may_have_been_sent();
        self.as_transport().is_some_and(is_untaken)
    }

    /// The call, or one attempt, took longer than `limit`.
    pub(super) const fn timeout(limit: Duration) -> Self {
        Self { cause: Cause::Timeout(limit), attempts: 0, sent_before: false }
    }

    /// Sets the number of attempts.
    pub(super) const fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Records whether the service may have received an earlier attempt.
    pub(super) const fn with_earlier_attempt_sent(mut self, sent_before: bool) -> Self {
        self.sent_before = sent_before;
        self
    }
}

/// Errors for the fakes of a test. `From` makes one of an [`EndpointError`] or a [`TransportError`].
#[cfg(feature = "test-util")]
impl CallError {
    /// The error of a call that got `answer`: of kind [`Api`](CallErrorKind::Api) for a status of 400 or above,
    /// [`Rejected`](CallErrorKind::Rejected) for a 2xx that says `isSuccess: false`, else
    /// [`Protocol`](CallErrorKind::Protocol).
    ///
    /// ```
    /// use cg_auth_core::{CallError, Recovery};
    ///
    /// let refused = r#"{"code":"InvalidSecret","message":["expired"]}"#;
    /// let refused = http::Response::builder().status(401).body(refused.into())?;
    /// let error = CallError::of_answer(refused);
    /// assert_eq!(error.recovery(), Recovery::ReplaceCredential);
    /// assert_eq!(error.code(), Some("InvalidSecret"));
    /// assert_eq!(error.messages(), ["expired"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If `answer` holds a token, so that no call fails with it.
    #[must_use]
    #[allow(clippy::panic, clippy::expect_used)]
    pub fn of_answer(answer: Response<Body>) -> Self {
        let secret = ClientSecret::new("5d9c3c4e-secret-of-a-fake").expect("a client secret");
        let user = UserPrincipalName::new("fake@example.com").expect("a user principal name");
        let endpoint = GetDelegateAccessToken::new(ApiCredential::new(secret, user));
        match endpoint.read(answer) {
            Ok(_) => panic!("the answer holds a token; the error of a call needs an answer that fails it"),
            Err(error) => Self::from(error).with_attempts(1),
        }
    }

    /// The error of a call that took longer than `limit`, of kind [`Timeout`](CallErrorKind::Timeout).
    #[must_use]
    pub const fn timed_out(limit: Duration) -> Self {
        Self::timeout(limit).with_attempts(1)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Endpoint(error) => error.fmt(f),
            Cause::Transport(error) => error.fmt(f),
            Cause::Timeout(limit) => write!(f, "no complete answer within {limit:?}"),
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Endpoint(error) => error.source(),
            Cause::Transport(error) => error.source(),
            Cause::Timeout(_) => None,
        }
    }
}

impl From<EndpointError> for CallError {
    fn from(error: EndpointError) -> Self {
        Self { cause: Cause::Endpoint(error), attempts: 0, sent_before: false }
    }
}

impl From<TransportError> for CallError {
    fn from(error: TransportError) -> Self {
        Self { cause: Cause::Transport(error), attempts: 0, sent_before: false }
    }
}

impl From<ConfigError> for CallError {
    fn from(error: ConfigError) -> Self {
        EndpointError::from(error).into()
    }
}

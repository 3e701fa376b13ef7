//! [`CallError`]: what a call can end in, endpoint and transport and deadline joined.

use std::{fmt, time::Duration};

use http::{HeaderMap, StatusCode};

use crate::{
    endpoint::EndpointError,
    model::ConfigError,
    recovery::Recovery,
    transport::{TransportError, TransportErrorKind},
};

/// A call that got no success.
///
/// [`kind`](Self::kind) tells how far it got, [`recovery`](Self::recovery) what helps. Neither `Display`
/// nor `Debug` shows a secret or a word of the server's; those are behind the accessors.
#[derive(Debug, Clone)]
pub struct CallError {
    cause: Cause,
    attempts: u32,
    /// Whether an earlier attempt may have been received.
    sent_before: bool,
}

#[derive(Debug, Clone)]
enum Cause {
    Endpoint(EndpointError),
    Transport(TransportError),
    Timeout(Duration),
}

/// How far a call got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// A setting is wrong; nothing was sent.
    Config,
    /// The network, or TLS, or HTTP itself failed: no complete answer.
    Transport,
    /// The deadline of the call or of one attempt passed; the request may have been received.
    Timeout,
    /// There was an answer, but none of this operation.
    Protocol,
    /// The service answered with an HTTP status of 400 or above.
    Api,
    /// The service answered 2xx and said no.
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
    pub(super) const fn timeout(limit: Duration) -> Self {
        Self { cause: Cause::Timeout(limit), attempts: 0, sent_before: false }
    }

    /// Notes how many requests were handed to the transport.
    pub(super) const fn after(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Notes whether an attempt before this one may have been received.
    pub(super) const fn or_sent_before(mut self, sent_before: bool) -> Self {
        self.sent_before = sent_before;
        self
    }

    /// How far the call got.
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

    /// Whether the service may have received the request, in any attempt. Where this is false it certainly
    /// did not.
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        self.sent_before
            || match &self.cause {
                Cause::Endpoint(error) => !error.is_config(),
                Cause::Transport(error) => error.may_have_been_sent(),
                Cause::Timeout(_) => true,
            }
    }

    /// Whether the same call may succeed later; when, says [`retry_after`](Self::retry_after).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.recovery() == Recovery::Retry
    }

    /// What helps.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        match &self.cause {
            Cause::Endpoint(error) => error.recovery(),
            Cause::Transport(error) => error.recovery(),
            Cause::Timeout(_) => Recovery::Retry,
        }
    }

    /// How many requests were handed to the transport.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The endpoint's own error, if there was an answer or the request could not be built.
    #[must_use]
    pub const fn as_endpoint(&self) -> Option<&EndpointError> {
        match &self.cause {
            Cause::Endpoint(error) => Some(error),
            Cause::Transport(_) | Cause::Timeout(_) => None,
        }
    }

    /// The transport's own error, if that is what failed.
    #[must_use]
    pub const fn as_transport(&self) -> Option<&TransportError> {
        match &self.cause {
            Cause::Transport(error) => Some(error),
            Cause::Endpoint(_) | Cause::Timeout(_) => None,
        }
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.as_endpoint()?.status()
    }

    /// The headers of the answer that are safe to show; see [`EndpointError::headers`].
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.as_endpoint()?.headers()
    }

    /// The service's word for programs.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.as_endpoint()?.code()
    }

    /// The service's lines for people; see [`EndpointError::messages`].
    #[must_use]
    pub fn messages(&self) -> &[String] {
        self.as_endpoint().map_or(&[], EndpointError::messages)
    }

    /// The id that the vendor's support asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.as_endpoint()?.request_id()
    }

    /// How long after the answer the service wants to be asked again, if it says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.as_endpoint()?.retry_after()
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

//! [`TransportError`]: no complete answer, and where it went wrong.

use std::{error::Error, fmt, sync::Arc};

use crate::{body::BodyTooLarge, model::ConfigError, recovery::Recovery};

/// Why a transport has no answer to give.
///
/// Made by transports with the constructors below. The cause is kept as [`source`](Error::source); a
/// transport sees to it that no secret and no body is in its text.
#[derive(Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    may_have_been_sent: bool,
    refused_certificate: bool,
    message: Option<Arc<str>>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Where an exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The transport cannot be used as it is set up, or not for this request.
    Config,
    /// No connection: the name was not found, nothing listens, the network is away, it took too long.
    Connect,
    /// A connection, but no agreement on TLS.
    Tls,
    /// The connection ended before the answer was complete.
    Closed,
    /// What came back is not HTTP.
    Malformed,
    /// The body is longer than the transport's limit.
    TooLarge,
}

impl TransportError {
    /// The transport cannot be used as it is set up; the request did not leave.
    pub fn config(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unsent(TransportErrorKind::Config, source)
    }

    /// No connection could be made, in time or at all; the request did not leave.
    pub fn connect(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unsent(TransportErrorKind::Connect, source)
    }

    /// The TLS handshake failed for a reason that may pass; the request did not leave.
    pub fn tls(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unsent(TransportErrorKind::Tls, source)
    }

    /// One side refused the other's certificate; the request did not leave, and will not until that is
    /// mended.
    pub fn refused_certificate(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { refused_certificate: true, ..Self::tls(source) }
    }

    /// The connection ended before a complete answer; the request may have been received.
    pub fn closed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { may_have_been_sent: true, ..Self::closed_before_sending(source) }
    }

    /// The connection ended, and it is certain that the request was not received.
    pub fn closed_before_sending(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unsent(TransportErrorKind::Closed, source)
    }

    /// What came back is not HTTP; the request was sent.
    pub fn malformed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { may_have_been_sent: true, ..Self::unsent(TransportErrorKind::Malformed, source) }
    }

    /// The body is longer than the limit; the request was sent, and answered.
    #[must_use]
    pub fn too_large(limit: BodyTooLarge) -> Self {
        Self { may_have_been_sent: true, ..Self::unsent(TransportErrorKind::TooLarge, limit) }
    }

    fn unsent(kind: TransportErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = Some(Arc::from(source.into()));
        Self { kind, may_have_been_sent: false, refused_certificate: false, message: None, source }
    }

    /// The same error with a message of the transport's own, for instance one that names host and port.
    #[must_use]
    pub fn with_message(self, message: impl Into<Arc<str>>) -> Self {
        Self { message: Some(message.into()), ..self }
    }

    /// Where it failed.
    #[must_use]
    pub const fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the service may have received the request. Where this is false it certainly did not, and
    /// any request can be repeated.
    #[must_use]
    pub const fn may_have_been_sent(&self) -> bool {
        self.may_have_been_sent
    }

    /// Whether it failed because one side refused the other's certificate.
    #[must_use]
    pub const fn is_refused_certificate(&self) -> bool {
        self.refused_certificate
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self.recovery(), Recovery::Retry)
    }

    /// What helps.
    #[must_use]
    pub const fn recovery(&self) -> Recovery {
        match self.kind {
            TransportErrorKind::Config | TransportErrorKind::TooLarge => Recovery::FixConfiguration,
            TransportErrorKind::Tls if self.refused_certificate => Recovery::FixConfiguration,
            _ => Recovery::Retry,
        }
    }
}

impl From<BodyTooLarge> for TransportError {
    fn from(error: BodyTooLarge) -> Self {
        Self::too_large(error)
    }
}

impl From<ConfigError> for TransportError {
    fn from(error: ConfigError) -> Self {
        Self::config(error)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(message) = &self.message {
            return f.write_str(message);
        }
        f.write_str(match self.kind {
            TransportErrorKind::Config => "the transport is not set up for this request",
            TransportErrorKind::Connect => "cannot reach the service",
            TransportErrorKind::Tls if self.refused_certificate => "a certificate was refused",
            TransportErrorKind::Tls => "the TLS handshake with the service failed",
            TransportErrorKind::Closed => "the connection ended before a complete answer",
            TransportErrorKind::Malformed => "what came back is not HTTP",
            TransportErrorKind::TooLarge => "the answer is too large",
        })
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("may_have_been_sent", &self.may_have_been_sent)
            .field("message", &self.message)
            .field("source", &self.source.as_ref().map(ToString::to_string))
            .finish()
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transports_own_message_replaces_the_text_of_the_kind() {
        let error = TransportError::connect("connection refused");
        assert_eq!(error.to_string(), "cannot reach the service");
        let error = error.with_message("cannot reach service.example:443");
        assert_eq!(error.to_string(), "cannot reach service.example:443");
        assert_eq!(error.source().unwrap().to_string(), "connection refused");
    }

    #[test]
    fn every_constructor_states_kind_departure_and_recovery() {
        use Recovery::{FixConfiguration, Retry};
        use TransportErrorKind::{Closed, Config, Connect, Malformed, Tls, TooLarge};
        let too_large = crate::body::BodyCollector::new(0).push(b"x").unwrap_err();
        for (error, kind, may_have_been_sent, recovery) in [
            (TransportError::config("x"), Config, false, FixConfiguration),
            (TransportError::connect("x"), Connect, false, Retry),
            (TransportError::tls("x"), Tls, false, Retry),
            (TransportError::refused_certificate("x"), Tls, false, FixConfiguration),
            (TransportError::closed("x"), Closed, true, Retry),
            (TransportError::closed_before_sending("x"), Closed, false, Retry),
            (TransportError::malformed("x"), Malformed, true, Retry),
            (TransportError::too_large(too_large), TooLarge, true, FixConfiguration),
        ] {
            assert_eq!(error.kind(), kind);
            assert_eq!(error.may_have_been_sent(), may_have_been_sent, "{kind:?}");
            assert_eq!(error.recovery(), recovery, "{kind:?}");
            assert_eq!(error.is_retryable(), recovery == Retry, "{kind:?}");
            assert!(error.source().is_some());
        }
    }
}

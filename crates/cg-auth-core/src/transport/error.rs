//! [`TransportError`]: a request without a complete answer.

use std::{error::Error, fmt, sync::Arc};

use crate::{body::BodyTooLarge, model::ConfigError, recovery::Recovery};

/// A transport failed to get a complete answer.
///
/// The constructors are for transports. Each takes the cause, which [`source`](Error::source) returns.
/// [`with_message`](Self::with_message) adds a text that names the host. A transport keeps secrets and bodies
/// out of both texts.
#[derive(Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    may_have_been_sent: bool,
    refused_certificate: bool,
    message: Option<Arc<str>>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The stage at which an exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The configuration of the transport is wrong, or not suitable for this request.
    Config,
    /// No connection: the host name was not found, the port is closed, the network is down, or connecting
    /// took too long.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The connection ended before the answer was complete.
    Closed,
    /// The answer is not valid HTTP.
    Malformed,
    /// The body is longer than the limit of the transport.
    TooLarge,
}

impl TransportError {
    /// The configuration of the transport is wrong. The request was not sent.
    pub fn config(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unsent(TransportErrorKind::Config, source)
    }

    /// No connection, in time or at all. The request was not sent.
    pub fn connect(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unsent(TransportErrorKind::Connect, source)
    }

    /// The TLS handshake failed for a reason that may pass. The request was not sent.
    pub fn tls(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unsent(TransportErrorKind::Tls, source)
    }

    /// One side refused the other's certificate. The request was not sent, and a retry fails until the
    /// certificate or the trust in it is fixed.
    pub fn refused_certificate(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { refused_certificate: true, ..Self::tls(source) }
    }

    /// The connection ended, and the peer certainly did not receive the request.
    pub fn closed_before_sending(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unsent(TransportErrorKind::Closed, source)
    }

    /// The connection ended before the answer was complete. The peer may have received the request.
    pub fn closed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { may_have_been_sent: true, ..Self::closed_before_sending(source) }
    }

    /// The answer is not valid HTTP. The request was sent.
    pub fn malformed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { may_have_been_sent: true, ..Self::unsent(TransportErrorKind::Malformed, source) }
    }

    /// The body is longer than the limit. The request was sent and answered.
    #[must_use]
    pub fn too_large(limit: BodyTooLarge) -> Self {
        Self { may_have_been_sent: true, ..Self::unsent(TransportErrorKind::TooLarge, limit) }
    }

    /// Replaces the general text of the kind, for instance by one that names the host and the port. Keep
    /// secrets out of it.
    #[must_use]
    pub fn with_message(self, message: impl Into<Arc<str>>) -> Self {
        Self { message: Some(message.into()), ..self }
    }

    /// The text of the transport, if it has set one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The stage of the failure.
    #[must_use]
    pub const fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the service may have received the request. If this is false, it certainly did not, and
    /// retrying any request is safe.
    #[must_use]
    pub const fn may_have_been_sent(&self) -> bool {
        self.may_have_been_sent
    }

    /// The remedy.
    #[must_use]
    pub const fn recovery(&self) -> Recovery {
        match self.kind {
            TransportErrorKind::Config | TransportErrorKind::TooLarge => Recovery::FixConfiguration,
            TransportErrorKind::Tls if self.refused_certificate => Recovery::FixConfiguration,
            _ => Recovery::Retry,
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self.recovery(), Recovery::Retry)
    }

    /// Whether one side refused the other's certificate.
    #[must_use]
    pub const fn is_refused_certificate(&self) -> bool {
        self.refused_certificate
    }

    fn unsent(kind: TransportErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = Some(Arc::from(source.into()));
        Self { kind, may_have_been_sent: false, refused_certificate: false, message: None, source }
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
            TransportErrorKind::Config => "the transport is misconfigured",
            TransportErrorKind::Connect => "cannot reach the service",
            TransportErrorKind::Tls if self.refused_certificate => {
                "a certificate was refused in the TLS handshake"
            }
            TransportErrorKind::Tls => "the TLS handshake with the service failed",
            TransportErrorKind::Closed => "the connection ended before the answer was complete",
            TransportErrorKind::Malformed => "the answer is not valid HTTP",
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
        assert_eq!((error.to_string().as_str(), error.message()), ("cannot reach the service", None));
        let error = error.with_message("cannot reach service.example:443");
        assert_eq!(error.to_string(), "cannot reach service.example:443");
        assert_eq!(error.source().unwrap().to_string(), "connection refused");
    }

    #[test]
    fn every_constructor_sets_kind_sent_flag_and_recovery() {
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

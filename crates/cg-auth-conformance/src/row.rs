//! [`Row`]: a row of the table of failures, and the check of an error against it.

use cg_auth_core::{
    Recovery,
    causes::cause_chain,
    transport::{
        TransportError,
        TransportErrorKind::{self, Closed, Config, Connect, Malformed, Tls, TooLarge},
    },
};

use crate::{
    capability::Capability,
    exchange::Sent,
    failure::{Failure, ensure, ensure_eq},
    secrets::ensure_hidden,
    subject::Subject,
};

/// A row of the table of failures in the documentation of [`cg_auth_core::transport`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The failure, as the table has it.
    pub failure: &'static str,
    /// What its error must be. `None`: it is no failure, and the call is answered.
    pub error: Option<RowError>,
}

/// What the error of a failure must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowError {
    /// The stage of the failure.
    pub kind: TransportErrorKind,
    /// Whether the request may have been sent.
    pub may_have_been_sent: bool,
    /// The remedy.
    pub recovery: Recovery,
    /// Words that the chain of causes holds, if the transport has [`Capability::Advice`].
    pub says: Option<&'static str>,
}

impl Row {
    /// The row of `failure`.
    pub(crate) fn of(failure: &str) -> Result<&'static Self, Failure> {
        let row = rows().iter().find(|row| row.failure == failure);
        row.ok_or_else(|| Failure::new(format!("the table of failures has no row {failure:?}")))
    }

    /// Checks that the call ended as the row says, and that its error shows no secret.
    pub(crate) fn check(&self, subject: &dyn Subject, sent: Sent) -> Result<(), Failure> {
        let (error, expected) = match (sent, self.error) {
            (Ok(_), None) => return Ok(()),
            (Ok(response), Some(_)) => {
                return Err(Failure::new(format!("the call was answered with {}", response.status())));
            }
            (Err(error), None) => return Err(error.into()),
            (Err(error), Some(expected)) => (error, expected),
        };
        let message = cause_chain(&error);
        ensure_eq!(Facts::of(&error), Facts::expected(expected), "the error \"{message}\"");
        if let Some(says) = expected.says.filter(|_| subject.capabilities().has(Capability::Advice)) {
            ensure!(message.contains(says), "the error does not say {says:?}: {message}");
        }
        ensure_hidden(&error)
    }
}

/// What the table says of an error.
#[derive(Debug, PartialEq)]
struct Facts {
    kind: TransportErrorKind,
    may_have_been_sent: bool,
    recovery: Recovery,
}

impl Facts {
    fn of(error: &TransportError) -> Self {
        Self {
            kind: error.kind(),
            may_have_been_sent: error.may_have_been_sent(),
            recovery: error.recovery(),
        }
    }

    fn expected(error: RowError) -> Self {
        Self { kind: error.kind, may_have_been_sent: error.may_have_been_sent, recovery: error.recovery }
    }
}

/// The table of failures. A test of this workspace compares it with the documentation of
/// [`cg_auth_core::transport`].
#[must_use]
pub const fn rows() -> &'static [Row] {
    ROWS
}

const ROWS: &[Row] = &[
    unsent("connection refused", Connect, Some("connection refused")),
    unsent("host unreachable", Connect, Some("no route")),
    unsent("host name not found", Connect, Some("DNS")),
    unsent("TLS handshake unanswered at the connect timeout", Connect, Some("took too long")),
    unsent("TLS handshake closed", Tls, Some("port")),
    unsent("TLS handshake reset", Tls, Some("port")),
    unsent("no TLS at the port", Tls, Some("port")),
    unsent("no TLS version in common", Tls, Some("TLS version")),
    refused("certificate of an unknown issuer", Tls, "unknown issuer"),
    refused("certificate of another host", Tls, "another host"),
    refused("certificate that has expired", Tls, "clock"),
    refused("certificate that is not yet valid", Tls, "clock"),
    refused("client certificate missing", Tls, "client certificate"),
    unsent("proxy down", Connect, Some("cannot reach the proxy")),
    refused("proxy refuses the credentials", Config, "refused the login (407)"),
    unsent("proxy refuses the tunnel", Connect, Some("opened no tunnel")),
    sent("closed before the head", Closed),
    sent("reset before the head", Closed),
    sent("closed within the head", Closed),
    sent("reset within the head", Closed),
    sent("closed within a body of known length", Closed),
    sent("closed within a chunked body", Closed),
    sent("closed without notice of TLS after a body of unknown length", Closed),
    sent("reset within the body", Closed),
    Row { failure: "kept connection closed while idle", error: None },
    sent("kept connection closed once the request was read", Closed),
    unsent("HTTP/2 stream refused", Closed, None),
    sent("HTTP/2 stream refused within the body", Closed),
    sent("HTTP/2 stream reset without an error within the body", Closed),
    sent("HTTP/2 stream reset without an error after a body of unknown length", Closed),
    unsent("HTTP/2 GOAWAY that does not cover the request", Closed, None),
    sent("HTTP/2 GOAWAY that covers the request", Closed),
    unsent("HTTP/2 GOAWAY before the request was read", Closed, None),
    sent("HTTP/2 connection closed within the body", Closed),
    sent("HTTP/2 connection reset within the body", Closed),
    sent("HTTP/2 frame that breaks the protocol", Malformed),
    sent("head that is not HTTP", Malformed),
    sent("head too long", Malformed),
    sent("broken chunk", Malformed),
    sent("body announced as too long", TooLarge),
    sent("body that grows too long", TooLarge),
];

const fn unsent(failure: &'static str, kind: TransportErrorKind, says: Option<&'static str>) -> Row {
    let error = RowError { kind, may_have_been_sent: false, recovery: Recovery::Retry, says };
    Row { failure, error: Some(error) }
}

/// What stays refused until the configuration changes.
const fn refused(failure: &'static str, kind: TransportErrorKind, says: &'static str) -> Row {
    let recovery = Recovery::FixConfiguration;
    Row { failure, error: Some(RowError { kind, may_have_been_sent: false, recovery, says: Some(says) }) }
}

const fn sent(failure: &'static str, kind: TransportErrorKind) -> Row {
    let recovery = match kind {
        TooLarge => Recovery::FixConfiguration,
        _ => Recovery::Retry,
    };
    Row { failure, error: Some(RowError { kind, may_have_been_sent: true, recovery, says: None }) }
}

//! A TLS handshake that failed, and a certificate that was refused after it.

use std::error::Error;

use cg_auth_core::transport::TransportError;
use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage, PeerIncompatible};

use super::route::{Peer, Route};

/// A failure of the handshake with `peer`.
pub(super) fn handshake(error: &TlsError, peer: &Peer) -> TransportError {
    use PeerIncompatible::{ServerDoesNotSupportTls12Or13, ServerTlsVersionIsDisabledByOurConfig};
    if let Some(refused) = refused_certificate(error, peer) {
        return refused;
    }
    let (reason, check) = match error {
        TlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | TlsError::PeerIncompatible(ServerDoesNotSupportTls12Or13 | ServerTlsVersionIsDisabledByOurConfig) => {
            (": no TLS version in common", "this side offers 1.2 and newer, or as configured")
        }
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => {
            (": the server does not speak TLS at this port", "check the scheme and the port of the base URL")
        }
        TlsError::AlertReceived(AlertDescription::NoApplicationProtocol)
        | TlsError::NoApplicationProtocol => {
            (": no HTTP version in common", "one side speaks only HTTP/1.1 and the other only HTTP/2")
        }
        // TLS 1.2 has no alert of its own for a missing client certificate.
        TlsError::AlertReceived(AlertDescription::HandshakeFailure) => {
            (": the server accepts nothing that this side offers", "it may require a client certificate")
        }
        _ => ("", "check the network devices between here and the service"),
    };
    let check = if peer.is_proxy { CHECK_PROXY } else { check };
    TransportError::tls(text(error))
        .with_message(format!("the TLS handshake with {peer} failed{reason}; {check}"))
}

/// The error for a certificate that one side refuses on a connection that is open already; `None` for any
/// other cause. In TLS 1.3 a server judges the client certificate after the handshake, and before any request.
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
#[must_use]
pub fn certificate_refused(error: &TlsError, route: &Route<'_>) -> Option<TransportError> {
    refused_certificate(error, &route.receiver())
}

/// The error for a certificate that one side refuses, which no retry can fix; `None` for any other cause.
pub(super) fn refused_certificate(error: &TlsError, peer: &Peer) -> Option<TransportError> {
    let not_trusted = |reason| format!("the certificate of {peer} is not trusted: {reason}");
    let (problem, check) = match error {
        TlsError::InvalidCertificate(problem) => {
            let (reason, check) = server_certificate(problem);
            (not_trusted(reason), check)
        }
        TlsError::NoCertificatesPresented => (not_trusted("the server sent none"), "the server needs one"),
        TlsError::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateRequired
            | AlertDescription::AccessDenied,
        ) => (
            format!("{peer} requires a client certificate, or refused the one that it received"),
            "configure a client certificate that the server trusts",
        ),
        _ => return None,
    };
    let check = if peer.is_proxy { CHECK_PROXY } else { check };
    Some(TransportError::refused_certificate(text(error)).with_message(format!("{problem}; {check}")))
}

/// The reason why the certificate of a server is refused, and what to check.
fn server_certificate(problem: &CertificateError) -> (&'static str, &'static str) {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, Revoked, UnknownIssuer,
    };
    match problem {
        // An authority that was recreated under its old name has another key, so the signature is wrong.
        UnknownIssuer | BadSignature => {
            ("unknown issuer", "add the root certificate of its authority, or of a device that inspects TLS")
        }
        NotValidForName | NotValidForNameContext { .. } => {
            ("it is for another host", "check the host of the base URL")
        }
        Expired | ExpiredContext { .. } => {
            ("it has expired", "the server needs a new one, or the clock of this machine is wrong")
        }
        NotValidYet | NotValidYetContext { .. } => {
            ("it is not valid yet", "the server needs another one, or the clock of this machine is wrong")
        }
        Revoked => ("it is revoked", "the server needs a new one"),
        _ => ("it cannot be used", "the server needs another one"),
    }
}

/// The text of rustls, cut and escaped: the server chooses the names in its certificate, their length and
/// their characters.
fn text(error: &TlsError) -> Box<dyn Error + Send + Sync> {
    let text: String = error.to_string().chars().take(LONGEST_TEXT).collect();
    text.escape_debug().to_string().into()
}

const LONGEST_TEXT: usize = 300;
const CHECK_PROXY: &str = "check the proxy's URL and certificate";

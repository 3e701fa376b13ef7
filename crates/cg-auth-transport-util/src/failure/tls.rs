//! What rustls says of a handshake, and of an alert that came later.

use cg_auth_core::transport::TransportError;
use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage, PeerIncompatible};

use super::{Make, advice::Cause};

pub(super) fn handshake(error: &TlsError) -> (Make, &'static str) {
    use PeerIncompatible::{ServerDoesNotSupportTls12Or13, ServerTlsVersionIsDisabledByOurConfig};
    if let Some(advice) = refused_certificate(error) {
        return (TransportError::refused_certificate, advice);
    }
    let advice = match error {
        TlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | TlsError::PeerIncompatible(ServerDoesNotSupportTls12Or13 | ServerTlsVersionIsDisabledByOurConfig) => {
            "it has no TLS version in common with this side, which speaks 1.2 and newer, or what is set here"
        }
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "it does not speak TLS at this port; check the scheme and the port of the base URL"
        }
        TlsError::AlertReceived(AlertDescription::NoApplicationProtocol)
        | TlsError::NoApplicationProtocol => {
            "it speaks HTTP/1.1 or HTTP/2 and this side only the other one; let them negotiate it"
        }
        // TLS 1.2 has no alert of its own for a client certificate that is missing.
        TlsError::AlertReceived(AlertDescription::HandshakeFailure) => {
            "it did not take what this side offers; it may want a client certificate"
        }
        _ => "the handshake failed; check what stands between here and the service",
    };
    (TransportError::tls, advice)
}

/// Whether one side did not accept the other's certificate, which no repetition changes.
pub(super) fn refused_certificate(error: &TlsError) -> Option<&'static str> {
    match error {
        TlsError::InvalidCertificate(problem) => Some(server_certificate(problem)),
        TlsError::NoCertificatesPresented => Some("the server has shown no certificate"),
        TlsError::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateRequired
            | AlertDescription::AccessDenied,
        ) => Some("the server asks for a client certificate, or for another one than it was shown"),
        _ => None,
    }
}

fn server_certificate(problem: &CertificateError) -> &'static str {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, Revoked, UnknownIssuer,
    };
    match problem {
        // An authority that was made anew under its old name is taken for the old one, whose signature it lacks.
        UnknownIssuer | BadSignature => {
            "nobody trusted here has issued it; add the root certificate of its authority, or of the proxy that \
             inspects TLS"
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "it is for another host; check the host of the base URL"
        }
        Expired | ExpiredContext { .. } => "it has expired, or the clock of this machine is wrong",
        NotValidYet | NotValidYetContext { .. } => {
            "it is not valid yet, or the clock of this machine is wrong"
        }
        Revoked => "its authority has revoked it; the server needs a new one",
        _ => "it cannot be used; the server needs another one",
    }
}

/// What rustls says. Names that stand in a certificate are the server's choice, in length and characters.
pub(super) fn words(error: &TlsError) -> Cause {
    let text: String = error.to_string().chars().take(LONGEST_TEXT).collect();
    text.escape_debug().to_string().into()
}

const LONGEST_TEXT: usize = 300;

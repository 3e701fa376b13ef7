//! What a failure of reqwest means to the contract: where it happened, and whether the request may have left.

use std::{error::Error, io};

use cg_auth_core::transport::{TransportError, find_cause};
use rustls::{AlertDescription, Error as TlsError};

/// Told by the causes, since reqwest's own kinds do not say what the wire saw.
pub(crate) fn classify(error: reqwest::Error) -> TransportError {
    let connecting = error.is_connect();
    let error = error.without_url();
    if connecting {
        return match find_cause::<TlsError>(&error) {
            Some(tls) if is_about_a_certificate(tls) => TransportError::refused_certificate(error),
            Some(_) => TransportError::tls(error),
            None => TransportError::connect(error),
        };
    }
    if is_malformed(&error) {
        return TransportError::malformed(error);
    }
    match find_cause::<h2::Error>(&error) {
        // The peer's word that it has not looked at the request (RFC 9113 section 8.7).
        Some(reset) if reset.is_remote() && reset.reason() == Some(h2::Reason::REFUSED_STREAM) => {
            TransportError::closed_before_sending(error)
        }
        Some(own) if own.is_library() && own.reason() == Some(h2::Reason::PROTOCOL_ERROR) => {
            TransportError::malformed(error)
        }
        _ if error.is_builder() => TransportError::config(error),
        _ => TransportError::closed(error),
    }
}

/// Whether a message was begun that breaks HTTP's own rules. Broken chunks come as plain I/O errors.
fn is_malformed(error: &(dyn Error + 'static)) -> bool {
    let broken_chunk =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData);
    find_cause::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
        || (find_cause::<io::Error>(error).is_some_and(broken_chunk)
            && find_cause::<TlsError>(error).is_none())
}

/// Whether one side did not accept the other's certificate, which no repetition changes.
fn is_about_a_certificate(error: &TlsError) -> bool {
    match error {
        TlsError::InvalidCertificate(_) | TlsError::NoCertificatesPresented => true,
        TlsError::AlertReceived(alert) => matches!(
            alert,
            AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::CertificateRequired
                | AlertDescription::AccessDenied
        ),
        _ => false,
    }
}

//! What a failure of hyper means to the contract: where it happened, and whether the request may have left.

use std::{error::Error, io};

use cg_auth_core::transport::{TransportError, find_cause};
use hyper_util::client::legacy;

/// A failure before the answer's head was complete.
pub(crate) fn classify(error: legacy::Error) -> TransportError {
    if error.is_connect() { classify_connecting(error) } else { classify_exchange(error) }
}

#[cfg(feature = "rustls")]
fn classify_connecting(error: legacy::Error) -> TransportError {
    match find_cause::<rustls::Error>(&error) {
        Some(tls) if is_about_a_certificate(tls) => TransportError::refused_certificate(error),
        Some(_) => TransportError::tls(error),
        None => TransportError::connect(error),
    }
}

#[cfg(not(feature = "rustls"))]
fn classify_connecting(error: legacy::Error) -> TransportError {
    TransportError::connect(error)
}

/// A failure on a connection that was there, while the head or the body was read.
pub(crate) fn classify_exchange(error: impl Error + Send + Sync + 'static) -> TransportError {
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
        _ => TransportError::closed(error),
    }
}

/// Whether a message was begun that breaks HTTP's own rules. Broken chunks come as plain I/O errors.
fn is_malformed(error: &(dyn Error + 'static)) -> bool {
    let broken_chunk =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData);
    find_cause::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
        || (find_cause::<io::Error>(error).is_some_and(broken_chunk) && !is_about_tls(error))
}

#[cfg(feature = "rustls")]
fn is_about_tls(error: &(dyn Error + 'static)) -> bool {
    find_cause::<rustls::Error>(error).is_some()
}

#[cfg(not(feature = "rustls"))]
fn is_about_tls(_: &(dyn Error + 'static)) -> bool {
    false
}

/// Whether one side did not accept the other's certificate, which no repetition changes.
#[cfg(feature = "rustls")]
fn is_about_a_certificate(error: &rustls::Error) -> bool {
    use rustls::{AlertDescription, Error as TlsError};
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

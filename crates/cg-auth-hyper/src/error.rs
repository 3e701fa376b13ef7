//! What a failure of hyper means to the contract: where it happened, and whether the request may have left.

use std::{error::Error, io, iter::successors};

use cg_auth_core::transport::TransportError;
use hyper_util::client::legacy;

/// A failure before the answer's head was complete.
pub(crate) fn classify(error: legacy::Error) -> TransportError {
    if error.is_connect() { classify_connecting(error) } else { classify_exchange(error) }
}

/// A failure while the answer's body was read.
pub(crate) fn classify_body(error: hyper::Error) -> TransportError {
    classify_exchange(error)
}

#[cfg(feature = "rustls")]
fn classify_connecting(error: legacy::Error) -> TransportError {
    match find::<rustls::Error>(&error) {
        Some(tls) if is_about_a_certificate(tls) => TransportError::refused_certificate(error),
        Some(_) => TransportError::tls(error),
        None => TransportError::connect(error),
    }
}

#[cfg(not(feature = "rustls"))]
fn classify_connecting(error: legacy::Error) -> TransportError {
    TransportError::connect(error)
}

fn classify_exchange(error: impl Error + Send + Sync + 'static) -> TransportError {
    if find::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse) {
        return TransportError::malformed(error);
    }
    match find::<h2::Error>(&error) {
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

/// The first cause of type `T`. An `io::Error` skips the error that it wraps, so that one is looked into.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    })
    .find_map(|cause| cause.downcast_ref())
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

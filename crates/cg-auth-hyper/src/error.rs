//! What a failure of hyper means to the contract: where it happened, and whether the request may have left.

use std::{error::Error, io};

use cg_auth_core::transport::{TransportError, find_cause};
use hyper_util::client::legacy;

/// A failure before the answer's head was complete.
pub(crate) fn classify(error: legacy::Error) -> TransportError {
    if error.is_connect() {
        classify_connecting(&error)(presentable(error))
    } else {
        classify_exchange(error)
    }
}

/// A failure on a connection that was there, while the head or the body was read.
pub(crate) fn classify_exchange(error: impl Error + Send + Sync + 'static) -> TransportError {
    let make: Make = if is_malformed(&error) {
        TransportError::malformed
    } else if let Some(http2) = find_cause(&error) {
        classify_http2(http2)
    } else {
        TransportError::closed
    };
    make(presentable(error))
}

#[cfg(feature = "rustls")]
fn classify_connecting(error: &(dyn Error + 'static)) -> Make {
    match find_cause::<rustls::Error>(error) {
        Some(tls) if is_about_a_certificate(tls) => TransportError::refused_certificate,
        Some(_) => TransportError::tls,
        None => TransportError::connect,
    }
}

#[cfg(not(feature = "rustls"))]
fn classify_connecting(_: &(dyn Error + 'static)) -> Make {
    TransportError::connect
}

/// Whether a message was begun that breaks HTTP's own rules. Broken chunks come as plain I/O errors.
fn is_malformed(error: &(dyn Error + 'static)) -> bool {
    let broken_chunk =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData);
    find_cause::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
        || (find_cause::<io::Error>(error).is_some_and(broken_chunk) && !is_about_tls(error))
}

/// What HTTP/2 says of a stream that failed. Whether a GOAWAY came before the request was looked at is known
/// to h2, which does not tell; so the request counts as sent.
fn classify_http2(error: &h2::Error) -> Make {
    match error.reason() {
        // The peer's word that it has not looked at the request (RFC 9113 section 8.7).
        Some(h2::Reason::REFUSED_STREAM) if error.is_remote() => TransportError::closed_before_sending,
        Some(reason)
            if error.is_library() && reason != h2::Reason::NO_ERROR && reason != h2::Reason::CANCEL =>
        {
            TransportError::malformed
        }
        _ => TransportError::closed,
    }
}

/// A cause to show. The text of h2 quotes the debug data of a GOAWAY, into which a server can put what it was
/// sent, so that chain ends here.
fn presentable(error: impl Error + Send + Sync + 'static) -> Cause {
    match find_cause::<h2::Error>(&error) {
        Some(http2) => {
            let side = if http2.is_remote() { "the server" } else { "this side" };
            match http2.reason() {
                Some(reason) => format!("HTTP/2 {reason:?} by {side}").into(),
                None => "the HTTP/2 connection broke".into(),
            }
        }
        None => error.into(),
    }
}

type Cause = Box<dyn Error + Send + Sync>;
type Make = fn(Cause) -> TransportError;

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

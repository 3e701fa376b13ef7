//! What a failure of hyper, h2 or rustls means to the contract of [`cg_auth_core::transport`]: where it
//! happened, whether the request may have left, and what its operator should look at.

mod advice;
#[cfg(feature = "rustls")]
mod tls;

use std::{error::Error, io, iter::successors};

use cg_auth_core::transport::{TransportError, find_cause};
use http::uri::Scheme;

use self::advice::{Advised, Cause};

/// A failure while a connection was made, to a URL of that scheme. The request did not leave.
pub fn connecting(error: impl Error + Send + Sync + 'static, scheme: Option<&Scheme>) -> TransportError {
    #[cfg(feature = "rustls")]
    if let Some(tls) = find_cause(&error) {
        let (make, advice) = tls::handshake(tls);
        return make(Advised::boxed(advice, error.into()));
    }
    let (make, advice) = tunnel(&error).unwrap_or_else(|| direct(&error, scheme == Some(&Scheme::HTTPS)));
    make(Advised::boxed(advice, error.into()))
}

/// What went wrong between here and a proxy. What hyper-util says of tunnels and names has no public type.
fn tunnel(error: &(dyn Error + 'static)) -> Option<(Make, &'static str)> {
    let text = causes(error).map(ToString::to_string).find(|text| text.starts_with("tunnel error: "))?;
    Some(match text.as_str() {
        "tunnel error: proxy authorization required" => (
            TransportError::config,
            "the proxy wants other credentials; they stand in its URL, before the host",
        ),
        "tunnel error: unsuccessful" => (
            TransportError::connect,
            "the proxy opened no tunnel; check whether it allows the host and the port of the base URL",
        ),
        _ => (TransportError::connect, "the proxy was not reached, or is none; check its URL"),
    })
}

/// What went wrong between here and the service.
fn direct(error: &(dyn Error + 'static), is_https: bool) -> (Make, &'static str) {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
        NetworkUnreachable, UnexpectedEof,
    };
    if causes(error).any(|cause| cause.to_string() == "dns error") {
        return (TransportError::connect, "its host name was not found; check the base URL and the DNS");
    }
    match find_cause::<io::Error>(error).map(innermost).map(io::Error::kind) {
        Some(ConnectionRefused) => {
            (TransportError::connect, "nothing listens there; check the host and the port of the base URL")
        }
        Some(HostUnreachable | NetworkUnreachable) => (
            TransportError::connect,
            "there is no route to its host; check the network, and whether it takes a proxy",
        ),
        // What ends has begun: TCP was there, TLS not yet.
        Some(UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe) if is_https => (
            TransportError::tls,
            "it ended the connection within the TLS handshake; check the port of the base URL",
        ),
        _ => (
            TransportError::connect,
            "it was not reached, in time or at all; check the network, and whether it takes a proxy",
        ),
    }
}

/// hyper-rustls wraps the I/O error of a handshake in another one.
fn innermost(error: &io::Error) -> &io::Error {
    error.get_ref().and_then(|inner| inner.downcast_ref()).map_or(error, innermost)
}

/// A failure on a connection that was there, while the head or the body was exchanged.
pub fn exchanging(error: impl Error + Send + Sync + 'static) -> TransportError {
    #[cfg(feature = "rustls")]
    if let Some(tls) = find_cause::<rustls::Error>(&error) {
        // In TLS 1.3 a server judges this side's certificate after the handshake, and before any request.
        return match tls::refused_certificate(tls) {
            Some(advice) => TransportError::refused_certificate(Advised::boxed(advice, error.into())),
            None => TransportError::closed(error),
        };
    }
    if let Some(http2) = find_cause::<h2::Error>(&error) {
        return classify_http2(http2)(words_of_http2(http2));
    }
    if is_malformed(&error) { TransportError::malformed(error) } else { TransportError::closed(error) }
}

/// Whether a message was begun that breaks HTTP's own rules. Broken chunks come as plain I/O errors.
fn is_malformed(error: &(dyn Error + 'static)) -> bool {
    find_cause::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
        || find_cause::<io::Error>(error).is_some_and(|error| {
            matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        })
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

/// The text of h2 quotes the debug data of a GOAWAY, into which a server can put what it was sent, so that
/// chain ends here.
fn words_of_http2(error: &h2::Error) -> Cause {
    let side = if error.is_remote() { "the server" } else { "this side" };
    match error.reason() {
        Some(reason) => format!("HTTP/2 {reason:?} by {side}").into(),
        None => "the HTTP/2 connection broke".into(),
    }
}

type Make = fn(Cause) -> TransportError;

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| error.source())
}

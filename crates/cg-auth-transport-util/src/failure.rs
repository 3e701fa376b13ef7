//! What a failure of hyper, h2 or rustls means to the contract of [`cg_auth_core::transport`]: where it
//! happened, whether the request may have left, and what its operator should look at.

mod advice;
#[cfg(feature = "rustls")]
mod tls;

use std::{error::Error, io};

use cg_auth_core::{
    causes::{causes, find_cause},
    transport::TransportError,
};
use http::{Uri, uri::Scheme};
use hyper_util::client::legacy;

use self::advice::{Advised, Cause};
use crate::proxy::Proxy;

/// Whom a connection leads to first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hop {
    /// The service, over plain TCP.
    Plain,
    /// The service, over TLS.
    Tls,
    /// A proxy, which reads the request itself.
    Proxy,
    /// A proxy, which is asked for a tunnel to the service.
    Tunnel,
}

impl Hop {
    /// The hop of a request to `uri`.
    #[must_use]
    pub fn of(uri: &Uri, proxy: Option<&Proxy>) -> Self {
        match (proxy, uri.scheme() == Some(&Scheme::HTTPS)) {
            (None, false) => Self::Plain,
            (None, true) => Self::Tls,
            (Some(_), false) => Self::Proxy,
            (Some(_), true) => Self::Tunnel,
        }
    }
}

/// A failure while a connection was made. The request did not leave.
pub fn connecting(error: impl Error + Send + Sync + 'static, hop: Hop) -> TransportError {
    let tunnel = causes(&error).map(ToString::to_string).find(|text| text.starts_with(TUNNEL));
    #[cfg(feature = "rustls")]
    if let Some(tls) = find_cause(&error) {
        let (make, advice) = tls::handshake(tls);
        // Behind a tunnel that is there it is the service's.
        let is_proxys = tunnel.is_some() || hop == Hop::Proxy;
        let advice = if is_proxys { TLS_OF_PROXY } else { advice };
        return make(Advised::boxed(advice, tls::words(tls)));
    }
    let (make, advice) = match (tunnel, hop) {
        (Some(text), _) => refused_tunnel(&text),
        (None, Hop::Proxy) => {
            (TransportError::connect as Make, "the proxy was not reached; check its URL and the network")
        }
        (None, hop) => direct(&error, hop != Hop::Plain),
    };
    make(Advised::boxed(advice, error.into()))
}

/// What a proxy said to the wish for a tunnel. hyper-util has no public type for that.
fn refused_tunnel(text: &str) -> (Make, &'static str) {
    match text.strip_prefix(TUNNEL) {
        Some("proxy authorization required") => (
            TransportError::config,
            "the proxy wants other credentials; they stand in its URL, before the host",
        ),
        Some("unsuccessful") => (
            TransportError::connect,
            "the proxy opened no tunnel; check whether it allows the host and the port of the base URL",
        ),
        _ => (TransportError::connect, "the proxy was not reached, or is none; check its URL"),
    }
}

/// What went wrong between here and the service.
fn direct(error: &(dyn Error + 'static), is_https: bool) -> (Make, &'static str) {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
        NetworkUnreachable, UnexpectedEof,
    };
    // hyper-util has no public type for this either.
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

/// A failure on a connection that was there, before the head of the answer was complete.
pub fn exchanging(error: impl Error + Send + Sync + 'static) -> TransportError {
    // In TLS 1.3 a server judges this side's certificate after the handshake, and before any request.
    #[cfg(feature = "rustls")]
    if let Some(advice) = find_cause(&error).and_then(tls::refused_certificate) {
        return TransportError::refused_certificate(Advised::boxed(advice, error.into()));
    }
    // Only what happened after a connection took the request is told with one.
    if find_cause::<legacy::Error>(&error).is_some_and(|error| error.connect_info().is_none()) {
        return TransportError::closed_before_sending(error);
    }
    if let Some(unseen) = find_cause(&error).filter(|error| has_not_seen_the_request(error)) {
        return TransportError::closed_before_sending(words_of_http2(unseen));
    }
    // Said of a connection that ended before it took the request, or while the request was still queued.
    if find_cause::<hyper::Error>(&error).is_some_and(|error| error.is_canceled() || error.is_closed()) {
        return TransportError::closed_before_sending(error);
    }
    reading(error)
}

/// A failure while the body of the answer was read. Whatever the server says of the request now, it has
/// answered it.
pub fn reading(error: impl Error + Send + Sync + 'static) -> TransportError {
    #[cfg(feature = "rustls")]
    if find_cause::<rustls::Error>(&error).is_some() {
        return TransportError::closed(error);
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

/// The peer's word that it has not looked at the request, and will not (RFC 9113 sections 8.7 and 6.8). h2 tells
/// of a GOAWAY the streams after the last one it names; hyper tells it to one that opens in the very moment it
/// arrives too, which nothing tells apart.
fn has_not_seen_the_request(error: &h2::Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

/// What HTTP/2 says of a stream that failed.
fn classify_http2(error: &h2::Error) -> Make {
    match error.reason() {
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

const TUNNEL: &str = "tunnel error: ";
#[cfg(feature = "rustls")]
const TLS_OF_PROXY: &str =
    "the proxy and this side do not agree on TLS; check the proxy's URL and certificate";

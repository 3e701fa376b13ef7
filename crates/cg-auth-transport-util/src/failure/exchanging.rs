//! A connection that ended, or carried something other than HTTP.

use std::{error::Error, io};

use cg_auth_core::{causes::find_cause, transport::TransportError};
use hyper_util::client::legacy;

use super::route::Route;
#[cfg(feature = "rustls")]
use super::tls;

/// A failure on an open connection, before the head of the response was complete.
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
pub fn exchanging(error: impl Error + Send + Sync + 'static, route: &Route<'_>) -> TransportError {
    #[cfg(feature = "rustls")]
    if let Some(refused) = find_cause(&error).and_then(|error| tls::certificate_refused(error, route)) {
        return refused;
    }
    #[cfg(not(feature = "rustls"))]
    let _ = route;
    // hyper-util reports a connection only if it has passed the request to that connection.
    if find_cause::<legacy::Error>(&error).is_some_and(|error| error.connect_info().is_none()) {
        return TransportError::closed_before_sending(error);
    }
    if let Some(unseen) = find_cause(&error).filter(|error| has_not_seen_the_request(error)) {
        return TransportError::closed_before_sending(http2_text(unseen));
    }
    // hyper reports these if the connection ended before it took the request, or while the request was
    // queued.
    if find_cause::<hyper::Error>(&error).is_some_and(|error| error.is_canceled() || error.is_closed()) {
        return TransportError::closed_before_sending(error);
    }
    reading(error)
}

/// A failure while the body of the response was read. The request was sent, because the server has begun to
/// answer it.
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
pub fn reading(error: impl Error + Send + Sync + 'static) -> TransportError {
    #[cfg(feature = "rustls")]
    if find_cause::<rustls::Error>(&error).is_some() {
        return TransportError::closed(error);
    }
    if let Some(http2) = find_cause::<h2::Error>(&error) {
        let is_malformed = breaks_the_protocol(http2);
        let text = http2_text(http2);
        return if is_malformed { TransportError::malformed(text) } else { TransportError::closed(text) };
    }
    if is_malformed(&error) { TransportError::malformed(error) } else { TransportError::closed(error) }
}

/// Whether the response breaks the rules of HTTP/1.1. A broken chunk comes as a plain I/O error.
fn is_malformed(error: &(dyn Error + 'static)) -> bool {
    find_cause::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
        || find_cause::<io::Error>(error).is_some_and(|error| {
            matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        })
}

/// Whether the server says that it did not process the request (RFC 9113 sections 8.7 and 6.8). h2 passes a
/// GOAWAY on to the streams after the last one that it names. hyper also passes it on to a stream that opens
/// at the moment when it arrives, which cannot be told apart.
fn has_not_seen_the_request(error: &h2::Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

/// Whether this side ended the stream because the server broke the rules of HTTP/2.
fn breaks_the_protocol(error: &h2::Error) -> bool {
    let is_failure = |reason: h2::Reason| reason != h2::Reason::NO_ERROR && reason != h2::Reason::CANCEL;
    error.is_library() && error.reason().is_some_and(is_failure)
}

/// Replaces h2's own text and ends the chain: that text quotes the debug data of a GOAWAY, into which a
/// server can copy what it was sent.
fn http2_text(error: &h2::Error) -> Box<dyn Error + Send + Sync> {
    let side = if error.is_remote() { "the server" } else { "this side" };
    match error.reason() {
        Some(reason) => format!("HTTP/2 {reason:?} by {side}").into(),
        None => "the HTTP/2 connection broke".into(),
    }
}

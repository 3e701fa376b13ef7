//! The id that a service or a gateway gives a request, read from the headers of the answer.

use http::{HeaderMap, HeaderName};

/// The first request id in `headers`, in the order of [`HEADERS`].
pub(super) fn find(headers: &HeaderMap) -> Option<&str> {
    HEADERS.iter().find_map(|name| headers.get(name)?.to_str().ok())
}

/// The usual names of a request id.
pub(super) const HEADERS: [HeaderName; 5] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-ms-request-id"),
    HeaderName::from_static("x-correlation-id"),
    HeaderName::from_static("traceparent"),
];

/// The longest request id that a success keeps, in bytes. A longer text is not an id.
pub(super) const LONGEST: usize = 128;

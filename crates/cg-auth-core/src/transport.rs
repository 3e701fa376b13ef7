//! [`HttpTransport`]: the seam through which bytes reach the network, and its contract.
//!
//! # The contract
//!
//! Whoever implements [`HttpTransport`] keeps these rules; what of them can be seen from outside, the
//! integration suite of this workspace tests against every transport over real sockets.
//!
//! 1. **No redirect is followed.** A 3xx is an answer like any other. The requests carry secrets in headers
//!    of their own, which no HTTP stack strips on the way to another origin.
//! 2. **The body is bounded while it is read**, not after: [`BodyCollector`](crate::body::BodyCollector) does it.
//!    A longer one is [`TransportError::too_large`].
//! 3. **No request is sent again** once a byte of it may have been read by the other side. A pooled
//!    connection that turns out to be dead before the first byte may be replaced.
//! 4. **Method, target, header values and body reach the wire unchanged.** Nothing is normalised, nothing
//!    re-encoded; no cookie, no `Referer`, no `Accept-Encoding` is added. Header names may be lower-cased.
//!    A body has a `content-length` and is never chunked; an empty POST says `content-length: 0`.
//! 5. **An answer's body is given back as it came**, without undoing a `Content-Encoding`.
//! 6. **Errors are classified**: by where it happened and whether the request may have left
//!    ([`TransportError`]). An HTTP status is never an error here.
//! 7. **Dropping the future cancels** the exchange and leaves the transport usable.
//! 8. **There is no overall deadline.** That is the client's. A transport bounds only what the client
//!    cannot see, such as the time to connect.
//! 9. **No secret in errors, `Debug` or logs.** A value marked
//!    [sensitive](http::HeaderValue::is_sensitive) is passed on marked.
//! 10. **A proxy is an option**, and used by wish only: for `https:` the environment's or the caller's, for plain
//!     `http:` the caller's, for a [loopback host](crate::model::is_loopback_host) none. An HTTP client of the
//!     caller's making answers for its own.
//!
//! # Failures
//!
#![doc = include_str!("../docs/failures.md")]

mod error;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use http::{Request, Response};

pub use self::error::{TransportError, TransportErrorKind};
use crate::body::Body;

/// Moves one request to the service and one response back; see the [contract](self#the-contract).
#[async_trait]
pub trait HttpTransport: Send + Sync + fmt::Debug {
    /// Sends `request`, whose URI is absolute, and reads the whole answer.
    ///
    /// # Errors
    /// [`TransportError`] when there is no complete answer.
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError>;
}

#[async_trait]
impl<T: HttpTransport + ?Sized> HttpTransport for Arc<T> {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        T::send(self, request).await
    }
}

#[async_trait]
impl<T: HttpTransport + ?Sized> HttpTransport for Box<T> {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        T::send(self, request).await
    }
}

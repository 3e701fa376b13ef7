//! [`HttpTransport`]: the trait through which the client sends a request, and its contract.
//!
//! # The contract
//!
//! An implementation of [`HttpTransport`] keeps these rules. The crate `cg-auth-conformance` tries any
//! transport: each clause that a peer can observe, and each row of the table of failures, is a case over real
//! sockets.
//!
//! 1. **It follows no redirect.** A 3xx is an answer like any other. The requests carry secrets in their own
//!    headers, and no HTTP library removes those on the way to another origin.
//! 2. **It bounds the answer while it reads it**, not after. Use
//!    [`BodyCollector`](crate::body::BodyCollector) for the body; a longer one is
//!    [`TransportError::too_large`]. A head without an end is [`TransportError::malformed`].
//! 3. **It sends no request twice** once the peer may have read a byte of it. It may replace a pooled
//!    connection that turns out to be closed before the first byte.
//! 4. **It sends method, target, header values and body unchanged.** It normalises and re-encodes nothing,
//!    and adds no cookie, `Referer` or `Accept-Encoding`. It may write header names in lower case. A body has
//!    a `content-length` and is never chunked; an empty POST has `content-length: 0`.
//! 5. **It returns the answer unchanged**: status, header values and body. It does not decode a
//!    `Content-Encoding`, and skips interim answers (1xx).
//! 6. **It classifies errors** by the stage of the failure and by whether the request may have been sent
//!    ([`TransportError`]). An HTTP status is never an error here. It never panics: without the runtime that it
//!    needs, a call fails with [`TransportError::config`].
//! 7. **Dropping the future cancels** the exchange and leaves the transport usable.
//! 8. **It sets no overall deadline.** The client does. A transport limits only what the client cannot see,
//!    such as the time to connect.
//! 9. **It keeps secrets out of errors, `Debug` and logs.** A value that is marked as
//!    [sensitive](http::HeaderValue::is_sensitive) keeps its mark.
//! 10. **It uses a proxy only when one is configured**: for `https:` by the environment or the caller, for
//!     plain `http:` by the caller, for a [loopback host](crate::model::is_loopback_host) never. If the
//!     caller passes its own HTTP client, the proxy settings of that client apply.
//! 11. **It connects `localhost` to a loopback address**, whatever a resolver says: without TLS a resolver
//!     could otherwise send the secret to another machine.
//!     [`localhost_addresses`](crate::model::localhost_addresses) replaces the look-up. Any other name over
//!     plain `http:` is one that the caller allowed, by
//!     [`BaseUrl::parse_allowing_http`](crate::BaseUrl::parse_allowing_http).
//! 12. **It speaks HTTP/1.1**, and may speak HTTP/2: where both sides offer it over TLS, or where the caller
//!     knows that the server has it.
//! 13. **It makes calls at the same time**, and each gets the answer to its own request. No call waits for the
//!     answer of another.
//!
//! # Failures
//!
#![doc = include_str!("../docs/failures.md")]

mod error;

use std::{fmt, sync::Arc};

use http::{Request, Response};

pub use self::error::{TransportError, TransportErrorKind};
use crate::{body::Body, time::BoxFuture};

/// Sends a request to the service and returns its response. See the [contract](self#the-contract).
///
/// Implement it with the attribute `#[async_trait]` of the crate `async-trait`, and write
/// `async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError>`. That macro
/// makes the signature below of it, which stands here so that a program without the macro need not build it.
pub trait HttpTransport: Send + Sync + fmt::Debug {
    /// Sends `request`, whose URI is absolute, and reads the answer to its end.
    ///
    /// # Errors
    /// [`TransportError`] if there is no complete answer.
    fn send<'life0, 'async_trait>(&'life0 self, request: Request<Body>) -> Exchange<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait;
}

// These hand on the future of `T`. Another `async` would put it into a second box.
impl<T: HttpTransport + ?Sized> HttpTransport for Arc<T> {
    fn send<'life0, 'async_trait>(&'life0 self, request: Request<Body>) -> Exchange<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        T::send(self, request)
    }
}

impl<T: HttpTransport + ?Sized> HttpTransport for Box<T> {
    fn send<'life0, 'async_trait>(&'life0 self, request: Request<Body>) -> Exchange<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        T::send(self, request)
    }
}

/// An exchange of [`HttpTransport::send`] on its way.
type Exchange<'a> = BoxFuture<'a, Result<Response<Body>, TransportError>>;

//! The layer under test, over a service that answers at once.

use std::{
    convert::Infallible,
    fmt::Debug,
    future::{Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use cg_auth_core::TokenProvider;
use cg_auth_tower::{Authorization, AuthorizationLayer, Origin};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::Full;
use tower::{Layer, Service};

/// The inner service: it drops the request and answers at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inner;

impl<B> Service<Request<B>> for Inner {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}

/// The layer over [`Inner`], with or without a copy of each request for the case that its token is refused.
#[must_use]
pub(crate) fn authorized(
    provider: &TokenProvider,
    is_copied: bool,
) -> Authorization<Inner, TokenProvider, Full<Bytes>> {
    let layer = AuthorizationLayer::new(provider.clone(), Origin::parse("https://api.example.com").unwrap());
    if is_copied { layer.layer(Inner) } else { layer.without_replay().layer(Inner) }
}

/// A request that gets a token, without headers.
#[must_use]
pub(crate) fn request() -> Request<Full<Bytes>> {
    let mut request = elsewhere();
    *request.uri_mut() = Uri::from_static("https://api.example.com/me");
    request
}

/// A request that gets a token, with three headers.
#[must_use]
pub(crate) fn request_with_headers() -> Request<Full<Bytes>> {
    let mut request = request();
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("a program"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

/// A request that gets no token.
#[must_use]
pub(crate) fn elsewhere() -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(Bytes::from_static(b"{}")));
    *request.uri_mut() = Uri::from_static("https://elsewhere.example.com/me");
    request
}

/// Sends `request` through `service`, which is ready at once and answers at once.
pub(crate) fn drive<S: Service<Request<Full<Bytes>>>>(
    service: &mut S,
    request: Request<Full<Bytes>>,
) -> S::Response
where
    S::Error: Debug,
{
    let context = &mut Context::from_waker(Waker::noop());
    assert!(service.poll_ready(context).is_ready());
    match pin!(service.call(request)).poll(context) {
        Poll::Ready(answer) => answer.unwrap(),
        Poll::Pending => panic!("the service answers at once"),
    }
}

//! [`Authorization`]: a service that sends requests with a token.

use std::{
    fmt, mem,
    task::{Context, Poll},
};

use cg_auth_core::TokenSource;
use http::{Request, Response};
use tower_service::Service;

use crate::{error::BoxError, future::ResponseFuture, settings::Settings};

/// Sends each request for its origins with a token, and once more if the token is refused. An
/// [`AuthorizationLayer`](crate::AuthorizationLayer) makes it.
///
/// `poll_ready` waits for the inner service alone. `call` reads the token, so a service that has long been ready
/// sends no expired token.
pub struct Authorization<S, T, B> {
    inner: S,
    settings: Settings<T, B>,
}

impl<S, T, B> Authorization<S, T, B> {
    pub(crate) const fn new(inner: S, settings: Settings<T, B>) -> Self {
        Self { inner, settings }
    }

    /// The inner service.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, for changes.
    #[must_use]
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, without the layer.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, T, B, R> Service<Request<B>> for Authorization<S, T, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    T: TokenSource + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S, T, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !self.settings.applies_to(&request) {
            return ResponseFuture::untouched(self.inner.call(request));
        }
        if let Some(token) = self.settings.source.cached() {
            return ResponseFuture::first(&mut self.inner, request, token, self.settings.clone());
        }
        // The service that is ready goes with the request; its clone has yet to become ready.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        ResponseFuture::acquiring(ready, request, self.settings.clone())
    }
}

impl<S: Clone, T, B> Clone for Authorization<S, T, B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), settings: self.settings.clone() }
    }
}

impl<S: fmt::Debug, T, B> fmt::Debug for Authorization<S, T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("inner", &self.inner)
            .field("origins", &self.settings.origins)
            .field("header_name", &self.settings.header_name)
            .finish_non_exhaustive()
    }
}

//! [`Settings`]: which requests get a token, which answers refuse it, and what can be repeated.

use std::sync::Arc;

use cg_auth_core::{
    IssuedToken, TokenSource,
    model::Origins,
    token::{TokenFuture, is_unauthorized},
};
use http::{HeaderMap, HeaderName, Request, StatusCode, header::AUTHORIZATION};

use crate::replay::copy_shared;

/// What the layer, its services and their futures share. A clone allocates nothing.
pub(crate) struct Settings<T, B> {
    pub(crate) source: Arc<T>,
    pub(crate) origins: Origins,
    pub(crate) header_name: HeaderName,
    pub(crate) is_refused: fn(StatusCode, &HeaderMap) -> bool,
    pub(crate) copy_body: fn(&B) -> Option<B>,
}

impl<T, B: 'static> Settings<T, B> {
    pub(crate) fn new(source: T, origins: Origins) -> Self {
        Self {
            source: Arc::new(source),
            origins,
            header_name: AUTHORIZATION,
            is_refused: is_unauthorized,
            copy_body: copy_shared,
        }
    }
}

impl<T, B> Settings<T, B> {
    /// Whether `request` gets a token: it goes to one of the origins, and has no credential of its own.
    pub(crate) fn applies_to(&self, request: &Request<B>) -> bool {
        let headers = request.headers();
        self.origins.contains_request(request.uri(), headers) && !headers.contains_key(&self.header_name)
    }

    pub(crate) fn authorize(&self, request: &mut Request<B>, token: &IssuedToken) {
        request.headers_mut().insert(&self.header_name, token.authorization().clone());
    }

    /// The same request again, if its body can be copied.
    pub(crate) fn copy(&self, request: &Request<B>) -> Option<Request<B>> {
        let mut copy = Request::new((self.copy_body)(request.body())?);
        copy.method_mut().clone_from(request.method());
        copy.uri_mut().clone_from(request.uri());
        *copy.version_mut() = request.version();
        copy.headers_mut().clone_from(request.headers());
        copy.extensions_mut().clone_from(request.extensions());
        Some(copy)
    }
}

impl<T: TokenSource + 'static, B> Settings<T, B> {
    /// A valid token. The future owns what it needs, and is boxed only if the source has to be asked.
    pub(crate) fn token(&self) -> TokenFuture<'static> {
        match self.source.cached() {
            Some(token) => TokenFuture::ready(Ok(token)),
            None => {
                let source = Arc::clone(&self.source);
                TokenFuture::waiting(async move { source.token().await })
            }
        }
    }
}

impl<T, B> Clone for Settings<T, B> {
    fn clone(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            origins: self.origins.clone(),
            header_name: self.header_name.clone(),
            ..*self
        }
    }
}

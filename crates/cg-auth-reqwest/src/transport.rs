//! [`ReqwestTransport`]: converts, sends, converts back.

use std::fmt;

use async_trait::async_trait;
use cg_auth_core::{
    body::{Body, BodyCollector},
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response, uri::Scheme};
use reqwest::Url;

use crate::{builder::ReqwestTransportBuilder, error::classify};

/// An [`HttpTransport`] over reqwest. A clone shares the connections.
///
/// It works within a tokio runtime that has its I/O and time drivers enabled. A connection belongs to the
/// runtime that opened it, so a program with several runtimes makes a transport for each.
#[derive(Clone)]
pub struct ReqwestTransport {
    pub(crate) client: reqwest::Client,
    pub(crate) tls_problem: Option<TransportError>,
    pub(crate) body_limit: usize,
}

impl ReqwestTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when TLS cannot be set up. A platform without any root
    /// certificate is told by the first `https:` request; plain http needs none.
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// The settings, to be changed.
    pub const fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::new()
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let mut answer = self.client.execute(convert(request)?).await.map_err(classify)?;
        let mut body = BodyCollector::new(self.body_limit);
        body.expect(answer.content_length().unwrap_or(0))?;
        while let Some(piece) = answer.chunk().await.map_err(classify)? {
            body.push(&piece)?;
        }
        let mut response = Response::new(body.finish());
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        std::mem::swap(response.headers_mut(), answer.headers_mut());
        Ok(response)
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").field("body_limit", &self.body_limit).finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpTransport for ReqwestTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        // reqwest panics where there is no reactor.
        tokio::runtime::Handle::try_current().map_err(TransportError::config)?;
        match &self.tls_problem {
            Some(problem) if request.uri().scheme() == Some(&Scheme::HTTPS) => Err(problem.clone()),
            _ => self.exchange(request).await,
        }
    }
}

/// reqwest parses the URI once more and normalises it; what would be changed on the way is refused.
fn convert(request: Request<Body>) -> Result<reqwest::Request, TransportError> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string()).map_err(TransportError::config)?;
    if (url.path(), url.query()) != (parts.uri.path(), parts.uri.query()) {
        return Err(TransportError::config("reqwest would change the target of this request"));
    }
    let mut converted = reqwest::Request::new(parts.method, url);
    *converted.headers_mut() = parts.headers;
    *converted.body_mut() = Some(body.into_bytes().into());
    Ok(converted)
}

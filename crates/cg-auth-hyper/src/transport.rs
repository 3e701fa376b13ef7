//! [`HyperTransport`]: converts, sends, converts back.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use cg_auth_core::{
    body::{Body, BodyCollector},
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response, uri::Scheme};
use http_body_util::{BodyExt, Full};
use hyper::body::Body as _;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::{Client, connect::HttpConnector};

use crate::{
    builder::HyperTransportBuilder,
    error::{classify, classify_exchange},
};

/// An [`HttpTransport`] over hyper's pooled client. A clone shares the connections.
///
/// It works within a tokio runtime that has its I/O and time drivers enabled. A connection belongs to the
/// runtime that opened it, so a program with several runtimes makes a transport for each.
#[derive(Clone)]
pub struct HyperTransport {
    pub(crate) client: Client<TimeoutConnector<Connector>, Full<Bytes>>,
    pub(crate) tls_problem: Option<TransportError>,
    pub(crate) body_limit: usize,
}

#[cfg(feature = "rustls")]
pub(crate) type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "rustls"))]
pub(crate) type Connector = HttpConnector;

impl HyperTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when TLS cannot be set up. A platform without any root
    /// certificate is told by the first `https:` request; plain http needs none.
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// The settings, to be changed.
    pub const fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::new()
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let request = request.map(|body| Full::new(body.into_bytes()));
        let (parts, mut answer) = self.client.request(request).await.map_err(classify)?.into_parts();
        let mut body = BodyCollector::new(self.body_limit);
        body.expect(answer.size_hint().lower())?;
        while let Some(frame) = answer.frame().await {
            if let Some(piece) = frame.map_err(classify_exchange)?.data_ref() {
                body.push(piece)?;
            }
        }
        Ok(Response::from_parts(parts, body.finish()))
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").field("body_limit", &self.body_limit).finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpTransport for HyperTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        // The connector panics where there is no reactor.
        tokio::runtime::Handle::try_current().map_err(TransportError::config)?;
        match &self.tls_problem {
            Some(problem) if request.uri().scheme() == Some(&Scheme::HTTPS) => Err(problem.clone()),
            _ => self.exchange(request).await,
        }
    }
}

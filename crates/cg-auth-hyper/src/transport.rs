//! [`HyperTransport`]: converts, sends, converts back.

use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError},
};
use cg_auth_transport_util::{
    FromSettings, Proxies, Proxy, ProxyChoice, TransportBuilder, TransportSettings, collect,
    failure::{self, Hop},
};
use http::{Request, Response, Uri, header::PROXY_AUTHORIZATION, uri::Scheme};
use http_body_util::Full;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection;
use tower_service::Service;

use crate::{
    client::{PooledClient, client, connector},
    error::classify,
};

/// An [`HttpTransport`] over hyper's pooled client. A clone shares the connections.
///
/// It works within a tokio runtime that has its I/O and time drivers enabled. A connection belongs to the
/// runtime that opened it, so a program with several runtimes makes a transport for each.
#[derive(Clone)]
pub struct HyperTransport {
    client: Arc<dyn PooledClient>,
    proxies: Proxies,
    https_problem: Option<TransportError>,
    body_limit: usize,
}

/// Settings of a [`HyperTransport`].
pub type HyperTransportBuilder = TransportBuilder<HyperTransport>;

impl HyperTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when TLS cannot be set up. A platform without any root
    /// certificate is told by the first `https:` request; plain http needs none.
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// The settings, to be changed: all that a [`TransportBuilder`] has.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use cg_auth_hyper::{HyperTransport, cg_auth_core::transport::TransportError};
    /// let transport = HyperTransport::builder().connect_timeout(Duration::from_secs(3)).no_proxy().build()?;
    /// # drop(transport);
    /// # Ok::<(), TransportError>(())
    /// ```
    pub fn builder() -> HyperTransportBuilder {
        TransportBuilder::new()
    }

    /// A transport over connections of the caller's making, with the default settings for the rest. TLS, if
    /// any, is the connector's: it is called with the base URL's scheme and authority, may lead wherever it
    /// likes, and says in [`Connected`](hyper_util::client::legacy::connect::Connected) whether HTTP/2 was
    /// negotiated.
    pub fn with_connector<C>(connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Read + Write + Connection + Unpin + Send + 'static,
        C::Error: Into<Box<dyn Error + Send + Sync>>,
        C::Future: Send + 'static,
    {
        Self::with_connector_and_settings(connector, &TransportSettings::default())
    }

    /// The same with settings of a [`builder`](Self::builder), which gives them by
    /// [`into_settings`](TransportBuilder::into_settings). Those of TLS, proxies and local addresses are for
    /// the connector to keep, and are not looked at; of [`Http2`](crate::Http2), prior knowledge is kept to, and
    /// else the connector negotiates.
    pub fn with_connector_and_settings<C>(connector: C, settings: &TransportSettings) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Read + Write + Connection + Unpin + Send + 'static,
        C::Error: Into<Box<dyn Error + Send + Sync>>,
        C::Future: Send + 'static,
    {
        Self {
            client: Arc::new(client(connector, settings)),
            proxies: Proxies::new(ProxyChoice::Off),
            https_problem: None,
            body_limit: settings.body_limit,
        }
    }

    async fn exchange(&self, mut request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let proxy = self.proxies.proxy_for(request.uri())?;
        let hop = Hop::of(request.uri(), proxy);
        // A tunnel is asked for by the connector; a request that the proxy itself reads carries what it asks for.
        if hop == Hop::Proxy
            && let Some(authorization) = proxy.and_then(Proxy::authorization)
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let request = request.map(|body| Full::new(body.into_bytes()));
        let answer = self.client.request(request).await.map_err(|error| classify(error, hop))?;
        collect(answer, self.body_limit, failure::reading).await
    }
}

impl FromSettings for HyperTransport {
    fn from_settings(settings: TransportSettings) -> Result<Self, TransportError> {
        let proxies = Proxies::new(settings.proxy.clone());
        let (connector, https_problem) = connector(&settings, proxies.clone())?;
        Ok(Self { proxies, https_problem, ..Self::with_connector_and_settings(connector, &settings) })
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
        match &self.https_problem {
            Some(problem) if request.uri().scheme() == Some(&Scheme::HTTPS) => Err(problem.clone()),
            _ => self.exchange(request).await,
        }
    }
}

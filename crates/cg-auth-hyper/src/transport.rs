//! [`HyperTransport`]: converts a request, sends it, converts the response back. [`HyperTransportBuilder`]
//! sets it up.

use std::{error::Error, fmt};

use async_trait::async_trait;
use bytes::Bytes;
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError},
};
#[cfg(feature = "rustls")]
use cg_auth_transport_util::tls_builder_methods;
use cg_auth_transport_util::{TransportSettings, builder_methods, collect, failure::reading};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection;
use tower_service::Service;

use crate::client::HyperClient;

/// An [`HttpTransport`] over hyper's pooled client. A clone shares the connections.
///
/// It works within a tokio runtime that has its I/O and time drivers enabled. A connection belongs to the
/// runtime that opened it, so a program with several runtimes makes a transport for each.
#[derive(Clone)]
pub struct HyperTransport {
    client: HyperClient<Full<Bytes>>,
    body_limit: usize,
}

impl HyperTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when TLS cannot be set up. If the platform has no root
    /// certificate, the first `https:` request fails instead; plain http needs none.
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// A builder with the default settings.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::new()
    }

    /// A transport with `settings`, which may be shared with other transports.
    ///
    /// # Errors
    /// As [`HyperTransportBuilder::build`].
    pub fn from_settings(settings: &TransportSettings) -> Result<Self, TransportError> {
        Ok(Self { client: HyperClient::from_settings(settings)?, body_limit: settings.body_limit })
    }

    /// A transport over connections of the caller's `connector`, with the default settings for the rest.
    ///
    /// The connector is called with the scheme and the authority of the base URL. It does TLS, if there is
    /// any, and reports in [`Connected`](hyper_util::client::legacy::connect::Connected) whether HTTP/2 was
    /// negotiated.
    ///
    /// If it reports an [`HttpInfo`](hyper_util::client::legacy::connect::HttpInfo) there, a connection for plain
    /// http to `localhost` must lead to a loopback address; otherwise the call fails with a config error.
    pub fn with_connector<C>(connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Read + Write + Connection + Unpin + Send + 'static,
        C::Error: Into<Box<dyn Error + Send + Sync>>,
        C::Future: Send + 'static,
    {
        Self::with_connector_and_settings(connector, &TransportSettings::new())
    }

    /// Like [`with_connector`](Self::with_connector), with `settings`.
    ///
    /// The settings of TLS, proxies and the local address are ignored, since the connector decides them. Of
    /// [`Http2`](crate::Http2) only prior knowledge has an effect; otherwise the connector negotiates.
    pub fn with_connector_and_settings<C>(connector: C, settings: &TransportSettings) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Read + Write + Connection + Unpin + Send + 'static,
        C::Error: Into<Box<dyn Error + Send + Sync>>,
        C::Future: Send + 'static,
    {
        Self { client: HyperClient::over(connector, settings), body_limit: settings.body_limit }
    }
}

#[async_trait]
impl HttpTransport for HyperTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let request = request.map(|body| Full::new(body.into_bytes()));
        collect(self.client.send(request).await?, self.body_limit, true, reading).await
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").field("body_limit", &self.body_limit).finish_non_exhaustive()
    }
}

/// Builds a [`HyperTransport`]. Each setting has a default that suits the service.
///
/// ```
/// use std::time::Duration;
///
/// # use cg_auth_hyper::{HyperTransport, TransportError};
/// let builder = HyperTransport::builder().connect_timeout(Duration::from_secs(3));
/// let transport = builder.no_proxy().build()?;
/// # drop(transport);
/// # Ok::<(), TransportError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct HyperTransportBuilder {
    settings: TransportSettings,
}

impl HyperTransportBuilder {
    /// Every setting at its default.
    pub fn new() -> Self {
        Self::default()
    }
}

builder_methods!(HyperTransportBuilder.settings);
#[cfg(feature = "rustls")]
tls_builder_methods!(HyperTransportBuilder.settings, #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]);

impl HyperTransportBuilder {
    /// Builds the transport.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the settings cannot be used together. If the platform has
    /// no root certificate, or a proxy variable of the environment cannot be read, the first `https:` request
    /// that needs it fails instead.
    pub fn build(self) -> Result<HyperTransport, TransportError> {
        HyperTransport::from_settings(&self.settings)
    }
}

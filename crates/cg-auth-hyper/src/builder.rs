//! [`HyperTransportBuilder`]: the settings of a transport.

use std::time::Duration;

use cg_auth_core::{body::Body, transport::TransportError};
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
#[cfg(feature = "rustls")]
use rustls::pki_types::CertificateDer;

#[cfg(feature = "rustls")]
use crate::tls;
use crate::transport::{Connector, HyperTransport};

/// Settings of a [`HyperTransport`]. Proxies are not used, whatever the environment says.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct HyperTransportBuilder {
    connect_timeout: Duration,
    #[cfg(feature = "rustls")]
    extra_roots: Vec<CertificateDer<'static>>,
    body_limit: usize,
    http2_prior_knowledge: bool,
}

impl HyperTransportBuilder {
    pub(crate) const fn new() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            #[cfg(feature = "rustls")]
            extra_roots: Vec::new(),
            body_limit: Body::DEFAULT_LIMIT,
            http2_prior_knowledge: false,
        }
    }

    /// How long a connection may take, name look-up and TLS included. Default: 10 s.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Trusts the certificates of a PEM file besides the platform's: for a private authority, or the
    /// emulator. Can be called again to add more.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the text holds no certificate, or a broken one.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn extra_root_certificates_pem(mut self, pem: &[u8]) -> Result<Self, TransportError> {
        self.extra_roots.extend(tls::certificates(pem)?);
        Ok(self)
    }

    /// How long an answer's body may be, in bytes. Default: 1 MiB.
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Speaks HTTP/2 from the first byte, over plain http too, without asking. Default: off, so that
    /// TLS negotiates HTTP/2 or HTTP/1.1 and plain http is HTTP/1.1.
    pub const fn http2_prior_knowledge(mut self, on: bool) -> Self {
        self.http2_prior_knowledge = on;
        self
    }

    /// The transport.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when TLS cannot be set up, for instance because the platform
    /// has no root certificate at all.
    pub fn build(self) -> Result<HyperTransport, TransportError> {
        let (body_limit, http2_only) = (self.body_limit, self.http2_prior_knowledge);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .http2_only(http2_only)
            .build(self.connector()?);
        Ok(HyperTransport::of(client, body_limit))
    }

    fn connector(self) -> Result<Connector, TransportError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        #[cfg(feature = "rustls")]
        let inner = {
            tcp.enforce_http(false);
            tls::connector(tcp, self.extra_roots, self.http2_prior_knowledge)?
        };
        #[cfg(not(feature = "rustls"))]
        let inner = tcp;
        let mut connector = TimeoutConnector::new(inner);
        connector.set_connect_timeout(Some(self.connect_timeout));
        Ok(connector)
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

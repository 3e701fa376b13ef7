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
use crate::tls::{Tls, certificates};
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
        self.extra_roots.extend(certificates(pem)?);
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
    /// [`TransportError`] of the config kind when TLS cannot be set up. A platform without any root
    /// certificate is told by the first `https:` request; plain http needs none.
    pub fn build(self) -> Result<HyperTransport, TransportError> {
        let (body_limit, connect_timeout) = (self.body_limit, self.connect_timeout);
        let mut client = Client::builder(TokioExecutor::new());
        client
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            // Else a connection that has silently died is used until its idle time is over, call by call.
            .http2_keep_alive_interval(HTTP2_PING_INTERVAL)
            .http2_keep_alive_timeout(HTTP2_PING_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .http2_only(self.http2_prior_knowledge);
        let (connector, tls_problem) = self.connector()?;
        let mut connector = TimeoutConnector::new(connector);
        connector.set_connect_timeout(Some(connect_timeout));
        Ok(HyperTransport { client: client.build(connector), tls_problem, body_limit })
    }

    /// What makes a connection, and why it makes none for `https:` where it does not.
    #[cfg(feature = "rustls")]
    fn connector(self) -> Result<(Connector, Option<TransportError>), TransportError> {
        let mut tcp = tcp_connector();
        tcp.enforce_http(false);
        let mut tls = Tls::new(self.extra_roots)?;
        let problem = tls.problem.take();
        Ok((tls.connector(tcp, self.http2_prior_knowledge), problem))
    }

    /// What makes a connection, and why it makes none for `https:`.
    #[cfg(not(feature = "rustls"))]
    fn connector(self) -> Result<(Connector, Option<TransportError>), TransportError> {
        let problem = TransportError::config("https needs the feature `rustls` of cg-auth-hyper");
        Ok((tcp_connector(), Some(problem)))
    }
}

fn tcp_connector() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(5);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(5);

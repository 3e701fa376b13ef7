//! [`ReqwestTransportBuilder`]: the settings of a transport.

use std::time::Duration;

use cg_auth_core::{body::Body, transport::TransportError};
use rustls::pki_types::CertificateDer;

use crate::{
    tls::{Tls, certificates},
    transport::ReqwestTransport,
};

/// Settings of a [`ReqwestTransport`]. Proxies are not used, whatever the environment says.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    extra_roots: Vec<CertificateDer<'static>>,
    body_limit: usize,
    http2_prior_knowledge: bool,
}

impl ReqwestTransportBuilder {
    pub(crate) const fn new() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
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
    pub fn build(self) -> Result<ReqwestTransport, TransportError> {
        let Tls { config, problem } = Tls::new(self.extra_roots, self.http2_prior_knowledge)?;
        // Each `no_` is off already unless another crate in the program has switched a feature on.
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            // Else a connection that has silently died is used until its idle time is over, call by call.
            .http2_keep_alive_interval(HTTP2_PING_INTERVAL)
            .http2_keep_alive_timeout(HTTP2_PING_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_hickory_dns();
        let client = if self.http2_prior_knowledge { client.http2_prior_knowledge() } else { client };
        let client = client.build().map_err(TransportError::config)?;
        Ok(ReqwestTransport { client, tls_problem: problem, body_limit: self.body_limit })
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(5);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(5);

//! [`TlsServer`]: the TLS configuration of a [`Listener`](super::listener::Listener), valid or broken.

use std::{ops::Range, sync::Arc};

use tokio_rustls::rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion, crypto::aws_lc_rs, server::WebPkiClientVerifier,
    version::TLS12,
};

use super::authority::{Authority, RIGHT_NOW};

/// The configuration of a server: by default for 127.0.0.1, with HTTP/1.1 over TLS 1.2 and 1.3.
#[derive(Debug)]
pub struct TlsServer {
    authority: Authority,
    names: Vec<String>,
    days: Range<i32>,
    versions: &'static [&'static SupportedProtocolVersion],
    alpn: &'static [&'static [u8]],
    demands_client_certificate: bool,
}

impl TlsServer {
    /// A server with an authority of its own.
    #[must_use]
    pub fn new() -> Self {
        Self {
            authority: Authority::new(),
            names: vec!["127.0.0.1".to_owned()],
            days: RIGHT_NOW,
            versions: tokio_rustls::rustls::DEFAULT_VERSIONS,
            alpn: &[b"http/1.1"],
            demands_client_certificate: false,
        }
    }

    /// Has `authority` sign the certificate.
    #[must_use]
    pub fn signed_by(self, authority: Authority) -> Self {
        Self { authority, ..self }
    }

    /// Makes the certificate valid for `name` only.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.names(vec![name.to_owned()])
    }

    /// Makes the certificate valid for all of `names`.
    #[must_use]
    pub fn names(self, names: Vec<String>) -> Self {
        Self { names, ..self }
    }

    /// Makes the certificate expire yesterday.
    #[must_use]
    pub fn expired(self) -> Self {
        Self { days: -2..-1, ..self }
    }

    /// Makes the certificate valid from tomorrow on.
    #[must_use]
    pub fn not_yet_valid(self) -> Self {
        Self { days: 1..2, ..self }
    }

    /// Limits the server to TLS 1.2.
    #[must_use]
    pub fn tls12_only(self) -> Self {
        const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS12];
        Self { versions: VERSIONS, ..self }
    }

    /// Sets the protocols that the server offers by ALPN, the preferred one first. Without any, the server
    /// ignores the client's offer.
    #[must_use]
    pub fn alpn(self, alpn: &'static [&'static [u8]]) -> Self {
        Self { alpn, ..self }
    }

    /// Requires a [client certificate](Authority::client) of the authority of the server.
    #[must_use]
    pub fn demanding_client_certificate(self) -> Self {
        Self { demands_client_certificate: true, ..self }
    }

    /// The authority that signs its certificate.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The configuration for rustls.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        let identity = self.authority.server(&self.names, &self.days);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = if self.demands_client_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.authority.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(identity.chain(), identity.key()).unwrap();
        config.alpn_protocols = self.alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }
}

impl Default for TlsServer {
    fn default() -> Self {
        Self::new()
    }
}

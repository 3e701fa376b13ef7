//! TLS: rustls with aws-lc-rs, certificates judged by the platform's verifier.

use std::sync::Arc;

use cg_auth_core::transport::TransportError;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

/// How a transport speaks TLS, or why it cannot.
pub(crate) struct Tls {
    config: ClientConfig,
    /// Set where the platform gives no verifier, mostly because it has no root certificate at all. The
    /// configuration then trusts nobody, and plain http is all that can be spoken.
    pub(crate) problem: Option<TransportError>,
}

impl Tls {
    pub(crate) fn new(extra_roots: Vec<CertificateDer<'static>>) -> Result<Self, TransportError> {
        // Named here, so that nothing a program sets process-wide changes it.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(TransportError::config)?;
        let (builder, problem) = match Verifier::new_with_extra_roots(extra_roots, provider) {
            // "Dangerous" is rustls's name for the door to any verifier but its own.
            Ok(verifier) => (builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)), None),
            Err(error) => {
                (builder.with_root_certificates(RootCertStore::empty()), Some(TransportError::config(error)))
            }
        };
        Ok(Self { config: builder.with_no_client_auth(), problem })
    }

    /// A connector for `https:` and `http:` that negotiates the HTTP version by ALPN.
    pub(crate) fn connector(self, tcp: HttpConnector, http2_only: bool) -> HttpsConnector<HttpConnector> {
        let builder = HttpsConnectorBuilder::new().with_tls_config(self.config).https_or_http();
        if http2_only {
            builder.enable_http2().wrap_connector(tcp)
        } else {
            builder.enable_http1().enable_http2().wrap_connector(tcp)
        }
    }
}

/// Every certificate of a PEM text, at least one, each usable as a root.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let unreadable = "the PEM text holds a certificate that cannot be read";
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        // The parser's own message quotes the text, which may be a private key put there by mistake.
        let certificate = certificate.map_err(|_| TransportError::config(unreadable))?;
        RootCertStore::empty().add(certificate.clone()).map_err(|_| TransportError::config(unreadable))?;
        certificates.push(certificate);
    }
    if certificates.is_empty() {
        return Err(TransportError::config("the PEM text holds no certificate"));
    }
    Ok(certificates)
}

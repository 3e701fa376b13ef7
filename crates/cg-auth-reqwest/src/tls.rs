//! TLS: rustls with aws-lc-rs, certificates judged by the platform's verifier.

use std::sync::Arc;

use cg_auth_core::transport::TransportError;
use rustls::{
    ClientConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

/// The provider is named here, so that nothing a program sets process-wide changes it.
pub(crate) fn client_config(
    extra_roots: Vec<CertificateDer<'static>>,
    http2_only: bool,
) -> Result<ClientConfig, TransportError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier =
        Verifier::new_with_extra_roots(extra_roots, provider.clone()).map_err(TransportError::config)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TransportError::config)?
        .dangerous() // the name of the door to any verifier but the built-in one
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols.push(b"h2".to_vec());
    if !http2_only {
        config.alpn_protocols.push(b"http/1.1".to_vec());
    }
    Ok(config)
}

/// Every certificate of a PEM text, at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(TransportError::config("the PEM text holds no certificate"))
        }
        Ok(certificates) => Ok(certificates),
        // The parser's own message quotes the text, which may be a private key put there by mistake.
        Err(_) => Err(TransportError::config("the PEM text holds a certificate that cannot be read")),
    }
}

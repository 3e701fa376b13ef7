//! [`Tls`]: rustls with aws-lc-rs, set up.

mod client_certificate;
mod pem;

use std::sync::Arc;

use cg_auth_core::transport::TransportError;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::CertificateDer,
    version::{TLS12, TLS13},
};
use rustls_platform_verifier::Verifier;

use self::client_certificate::ClientCertificate;
use crate::settings::{Http2, TlsVersion};

/// Who is trusted, and how this side shows who it is.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings {
    roots: Vec<CertificateDer<'static>>,
    has_no_platform_roots: bool,
    client_certificate: Option<ClientCertificate>,
    pub(crate) min_version: TlsVersion,
}

impl TlsSettings {
    pub(crate) fn add_roots(&mut self, pem: &[u8]) -> Result<(), TransportError> {
        self.roots.extend(pem::root_certificates(pem)?);
        Ok(())
    }

    pub(crate) const fn without_platform_roots(&mut self) {
        self.has_no_platform_roots = true;
    }

    pub(crate) fn set_client_certificate(&mut self, pem: &[u8]) -> Result<(), TransportError> {
        self.client_certificate = Some(ClientCertificate::new(pem, &aws_lc_rs::default_provider())?);
        Ok(())
    }
}

/// How a transport speaks TLS, or why it cannot.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tls {
    /// What is offered and who is trusted.
    pub config: ClientConfig,
    /// Set where the platform gives no verifier, mostly because it has no root certificate at all. The
    /// configuration then trusts nobody, and plain http is all that can be spoken.
    pub problem: Option<TransportError>,
}

impl Tls {
    /// The configuration that `settings` describe. It offers HTTP by ALPN as `http2` says.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when rustls takes none of it.
    pub fn new(settings: TlsSettings, http2: Http2) -> Result<Self, TransportError> {
        // Named here, so that nothing a program sets process-wide changes it.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let versions: &[_] = match settings.min_version {
            TlsVersion::Tls12 => &[&TLS13, &TLS12],
            TlsVersion::Tls13 => &[&TLS13],
        };
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(TransportError::config)?;
        let (builder, problem) = if settings.has_no_platform_roots {
            (builder.with_root_certificates(store(settings.roots)), None)
        } else {
            match platform_verifier(settings.roots, provider) {
                // "Dangerous" is rustls's name for the door to any verifier but its own.
                Ok(verifier) => (builder.dangerous().with_custom_certificate_verifier(verifier), None),
                Err(problem) => (builder.with_root_certificates(RootCertStore::empty()), Some(problem)),
            }
        };
        let mut config = match settings.client_certificate {
            Some(certificate) => builder.with_client_cert_resolver(certificate.resolver()),
            None => builder.with_no_client_auth(),
        };
        let protocols: &[&[u8]] = match http2 {
            Http2::Negotiated => &[b"h2", b"http/1.1"],
            Http2::Off => &[b"http/1.1"],
            Http2::PriorKnowledge => &[b"h2"],
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Self { config, problem })
    }
}

fn platform_verifier(
    extra_roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<Verifier>, TransportError> {
    Verifier::new_with_extra_roots(extra_roots, provider).map(Arc::new).map_err(TransportError::config)
}

/// Each certificate has been tried when it was read.
fn store(roots: Vec<CertificateDer<'static>>) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    store
}

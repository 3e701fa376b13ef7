//! [`PlatformRoots`]: the root certificates of the platform, read when the first connection needs them.

use std::sync::{Arc, OnceLock};

use cg_auth_core::transport::TransportError;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use rustls_platform_verifier::Verifier;

use super::webpki::webpki_verifier;

/// The platform's certificate verifier, which trusts added certificates too.
///
/// On most Unix systems the roots are some hundred files. A transport for plain http never reads them. A
/// connection whose certificate the added ones vouch for does not read them either.
#[derive(Debug, Clone)]
pub struct PlatformRoots {
    roots: Arc<Roots>,
}

#[derive(Debug)]
struct Roots {
    provider: Arc<CryptoProvider>,
    added: Vec<CertificateDer<'static>>,
    /// Trusts the added certificates alone. Present where the platform's verifier is the same one over the
    /// platform's roots; elsewhere the platform has rules of its own, and judges every certificate.
    first: Option<Arc<WebPkiServerVerifier>>,
    platform: OnceLock<Result<Verifier, TransportError>>,
}

impl PlatformRoots {
    /// Reads nothing yet.
    pub(super) fn new(
        added: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, TransportError> {
        let first = match IS_WEBPKI && !added.is_empty() {
            true => Some(webpki_verifier(added.clone(), provider.clone())?),
            false => None,
        };
        Ok(Self { roots: Arc::new(Roots { provider, added, first, platform: OnceLock::new() }) })
    }

    /// The verifier, for a configuration of rustls.
    pub(super) fn verifier(&self) -> Arc<dyn ServerCertVerifier> {
        self.roots.clone()
    }

    /// Reads the platform's roots, unless that has happened or the added certificates may be enough. Blocks
    /// the thread while it reads files.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the platform has no certificate verifier, mostly because
    /// it has no root certificate.
    pub fn load(&self) -> Result<(), TransportError> {
        if self.is_loaded() {
            return Ok(());
        }
        self.roots.platform().as_ref().map(drop).map_err(Clone::clone)
    }

    /// Whether [`load`](Self::load) has nothing to do.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.roots.first.is_some() || matches!(self.roots.platform.get(), Some(Ok(_)))
    }
}

impl Roots {
    fn platform(&self) -> &Result<Verifier, TransportError> {
        self.platform.get_or_init(|| {
            Verifier::new_with_extra_roots(self.added.clone(), self.provider.clone())
                .map_err(TransportError::config)
        })
    }
}

impl ServerCertVerifier for Roots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judge = |verifier: &dyn ServerCertVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let first = self.first.as_deref().map(|verifier| judge(verifier));
        if let Some(Ok(verified)) = first {
            return Ok(verified);
        }
        match (self.platform(), first) {
            (Ok(platform), first) => judge(platform).map_err(|error| match first {
                // The added certificates know the issuer, so their verdict names the fault.
                Some(Err(known)) if is_unknown_issuer(&error) => known,
                _ => error,
            }),
            (Err(_), Some(Err(error))) => Err(error),
            (Err(problem), _) => Err(Error::General(problem.to_string())),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

const fn is_unknown_issuer(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer))
}

/// Whether the platform's verifier is webpki over the platform's roots.
const IS_WEBPKI: bool = cfg!(all(unix, not(target_vendor = "apple"), not(target_os = "android")));

//! [`TlsSettings`], and [`Tls`], which makes a configuration for rustls with aws-lc-rs from them.

mod client_certificate;
mod observed;
mod pem;
mod platform_roots;
mod root_certificates;
mod webpki;

use std::sync::Arc;

use cg_auth_core::transport::TransportError;
use rustls::{
    ClientConfig, RootCertStore,
    client::danger::ServerCertVerifier,
    crypto::aws_lc_rs,
    pki_types::CertificateDer,
    version::{TLS12, TLS13},
};

pub use self::platform_roots::PlatformRoots;
use self::{
    client_certificate::ClientCertificate,
    observed::{CertificateObserver, Observed},
    webpki::webpki_verifier,
};
use crate::{http2::Http2, https_check::HttpsCheck};

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum TlsVersion {
    /// RFC 5246.
    #[default]
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// The trusted certificates, the client certificate, and the oldest version of TLS.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TlsSettings {
    /// The oldest version of TLS to use.
    pub min_version: TlsVersion,
    roots: Vec<CertificateDer<'static>>,
    has_no_platform_roots: bool,
    client_certificate: Option<ClientCertificate>,
    observer: Option<CertificateObserver>,
}

impl TlsSettings {
    /// Trusts the certificates of a PEM text too.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the text holds no certificate, or one that cannot be read. The
    /// cause names the line.
    pub fn add_root_certificates_pem(&mut self, pem: &[u8]) -> Result<(), TransportError> {
        self.roots.extend(root_certificates::root_certificates(pem)?);
        Ok(())
    }

    /// Trusts the added certificates alone, not the platform's.
    pub const fn disable_platform_roots(&mut self) {
        self.has_no_platform_roots = true;
    }

    /// Presents the certificate of a PEM text, which holds its private key too, to a server that asks for
    /// one.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the key or the certificate is missing, cannot be read, or
    /// does not belong to the other. The error never quotes the text.
    pub fn set_client_certificate_pem(&mut self, pem: &[u8]) -> Result<(), TransportError> {
        self.client_certificate = Some(ClientCertificate::new(pem, &aws_lc_rs::default_provider())?);
        Ok(())
    }

    /// Calls `observer` with the name of each server and its certificate in DER, before the certificate is
    /// judged. It is for diagnostics: it also sees a certificate that is then refused, and changes no verdict.
    pub fn observe_certificates(&mut self, observer: impl Fn(&str, &[u8]) + Send + Sync + 'static) {
        self.observer = Some(CertificateObserver::new(observer));
    }
}

/// A configuration for rustls.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tls {
    /// The configuration.
    pub config: ClientConfig,
    /// What to check before an `https:` connection: the platform may have no root certificate. Plain http
    /// needs none.
    pub check: HttpsCheck,
}

impl Tls {
    /// The configuration for `settings`. By ALPN it offers the versions of HTTP that `http2` allows.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when rustls refuses the settings.
    pub fn new(settings: TlsSettings, http2: Http2) -> Result<Self, TransportError> {
        // Chosen explicitly, so that the process-wide provider of the program has no effect.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let versions: &[_] = match settings.min_version {
            TlsVersion::Tls12 => &[&TLS13, &TLS12],
            TlsVersion::Tls13 => &[&TLS13],
        };
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(TransportError::config)?;
        let verifier: Result<(Arc<dyn ServerCertVerifier>, _), _> = if settings.has_no_platform_roots {
            webpki_verifier(settings.roots, provider).map(|verifier| (verifier as _, HttpsCheck::Passed))
        } else {
            PlatformRoots::new(settings.roots, provider)
                .map(|roots| (roots.verifier(), HttpsCheck::PlatformRoots(roots)))
        };
        let (builder, check) = match verifier {
            Ok((verifier, check)) => {
                let verifier = match settings.observer {
                    Some(observer) => Arc::new(Observed::new(verifier, observer)),
                    None => verifier,
                };
                // rustls calls every verifier but its own "dangerous".
                (builder.dangerous().with_custom_certificate_verifier(verifier), check)
            }
            Err(problem) => {
                (builder.with_root_certificates(RootCertStore::empty()), HttpsCheck::Failed(problem))
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
        Ok(Self { config, check })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_any_root_https_has_a_problem_and_plain_http_has_none() {
        let mut settings = TlsSettings::default();
        settings.disable_platform_roots();
        assert!(matches!(Tls::new(settings, Http2::Off).unwrap().check, HttpsCheck::Failed(_)));
    }
}

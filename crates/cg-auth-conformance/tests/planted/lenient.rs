//! A verifier of certificates that forgives one fault.

use std::sync::Arc;

use cg_auth_transport_util::Tls;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use crate::defect::Defect;

/// The configuration of `tls`, which forgives the fault of `defect` if that is one of certificates.
pub(crate) fn forgiving(defect: Option<Defect>, tls: Tls, roots: &str) -> ClientConfig {
    let mut config = tls.config;
    let forgives: fn(&CertificateError) -> bool = match defect {
        Some(Defect::TrustsAnyIssuer) => |fault| matches!(fault, CertificateError::UnknownIssuer),
        Some(Defect::TrustsAnyHost) => {
            |fault| matches!(fault, CertificateError::NotValidForNameContext { .. })
        }
        Some(Defect::TrustsAnExpiredCertificate) => {
            |fault| matches!(fault, CertificateError::ExpiredContext { .. })
        }
        Some(Defect::TrustsACertificateBeforeItsTime) => {
            |fault| matches!(fault, CertificateError::NotValidYetContext { .. })
        }
        _ => return config,
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(
        CertificateDer::pem_slice_iter(roots.as_bytes()).map(|certificate| certificate.unwrap()),
    );
    let provider = Arc::new(aws_lc_rs::default_provider());
    let strict = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build().unwrap();
    config.dangerous().set_certificate_verifier(Arc::new(Lenient { strict, forgives }));
    config
}

#[derive(Debug)]
struct Lenient {
    strict: Arc<WebPkiServerVerifier>,
    forgives: fn(&CertificateError) -> bool,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.strict.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(fault)) if (self.forgives)(&fault) => {
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

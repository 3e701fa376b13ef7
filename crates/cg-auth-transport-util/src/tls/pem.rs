//! Reads the certificate and the private key of a client from a PEM text. No error quotes the text.

use cg_auth_core::transport::TransportError;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// Every certificate of a text, at least one.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|_| unreadable())?;
    if certificates.is_empty() {
        let error = TransportError::config("it has no CERTIFICATE section");
        return Err(error.with_message("the PEM text holds no certificate"));
    }
    Ok(certificates)
}

/// The first private key of a text.
pub(super) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TransportError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
        TransportError::config("it has no PRIVATE KEY section, or one that is not base64")
            .with_message("the PEM text holds no private key that can be read")
    })
}

fn unreadable() -> TransportError {
    TransportError::config("a CERTIFICATE section is not base64, or not a certificate")
        .with_message("the PEM text holds a certificate that cannot be read")
}

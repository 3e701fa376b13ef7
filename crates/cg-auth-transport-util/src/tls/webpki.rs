//! [`webpki_verifier`]: judges certificates by given roots alone.

use std::sync::Arc;

use cg_auth_core::transport::TransportError;
use rustls::{
    RootCertStore, client::WebPkiServerVerifier, crypto::CryptoProvider, pki_types::CertificateDer,
};

/// A verifier that trusts `roots`, each of which was checked when it was read.
pub(super) fn webpki_verifier(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, TransportError> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
        .build()
        .map_err(TransportError::config)
}

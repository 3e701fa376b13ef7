//! [`ClientCertificate`]: the certificate that a transport presents to a server that asks for one.

use std::{fmt, sync::Arc};

use cg_auth_core::transport::TransportError;
use rustls::{
    crypto::CryptoProvider,
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::pem;

/// A certificate and the private key that belongs to it.
#[derive(Clone)]
pub(super) struct ClientCertificate(Arc<CertifiedKey>);

impl ClientCertificate {
    pub(super) fn new(pem: &[u8], provider: &CryptoProvider) -> Result<Self, TransportError> {
        let (chain, key) = (pem::certificates(pem)?, pem::private_key(pem)?);
        let both = CertifiedKey::from_der(chain, key, provider).map_err(|_| {
            TransportError::config(
                "it belongs to another certificate, or is of a kind that rustls does not support",
            )
            .with_message("the private key cannot be used with the client certificate")
        })?;
        Ok(Self(Arc::new(both)))
    }

    pub(super) fn resolver(self) -> Arc<SingleCertAndKey> {
        Arc::new(SingleCertAndKey::from(self.0))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate")
    }
}

//! [`Tls`]: what a [`Listener`](crate::listener::Listener) needs to speak TLS, HTTP/1.1 only.

use std::{sync::Arc, time::Duration};

use cg_auth_core::time::Now;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// A certificate for 127.0.0.1 and the authority that signed it, both made on the spot.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) ca_pem: String,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let mut authority = params(&[]);
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params(&["127.0.0.1"]).signed_by(&key, &authority).unwrap();

        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { config: Arc::new(config), ca_pem: authority.pem() }
    }
}

/// Platforms refuse certificates that live for long, so these live from yesterday to tomorrow.
fn params(names: &[&str]) -> CertificateParams {
    let names = names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut params = CertificateParams::new(names).unwrap();
    let (now, day) = (Now::system().wall(), Duration::from_secs(24 * 60 * 60));
    (params.not_before, params.not_after) = ((now - day).into(), (now + day).into());
    params
}

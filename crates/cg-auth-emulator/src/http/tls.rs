//! A certificate authority that lives as long as the emulator, and the server's certificate by it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use cg_auth_core::time::Now;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tokio_rustls::rustls::{
    self, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::error::EmulatorError;

/// What the emulator says in TLS when it is asked which HTTP it speaks (ALPN).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Alpn {
    /// HTTP/2, and HTTP/1.1 to those who do not offer it.
    #[default]
    Http2AndHttp1,
    /// HTTP/1.1 only. A client that offers nothing but HTTP/2 is turned away.
    Http1,
    /// HTTP/2 only. A client that offers nothing but HTTP/1.1 is turned away.
    Http2,
    /// Nothing, as a server without ALPN. Both versions are understood all the same.
    Off,
}

impl Alpn {
    fn protocols(self) -> Vec<Vec<u8>> {
        let (http2, http1) = (b"h2".to_vec(), b"http/1.1".to_vec());
        match self {
            Self::Http2AndHttp1 => vec![http2, http1],
            Self::Http1 => vec![http1],
            Self::Http2 => vec![http2],
            Self::Off => Vec::new(),
        }
    }
}

/// What a server needs to speak TLS, and a client to trust it.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) ca_pem: String,
}

impl Tls {
    /// Makes both, for a server at `address` and at the names of this machine. The authority's key is dropped
    /// here, so nothing else is ever signed with it.
    pub(crate) fn new(address: IpAddr, alpn: Alpn) -> Result<Self, EmulatorError> {
        let (ca_pem, certificate, key) = certificates(address).map_err(EmulatorError::certificate)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
            .map_err(EmulatorError::certificate)?;
        config.alpn_protocols = alpn.protocols();
        Ok(Self { config: Arc::new(config), ca_pem })
    }
}

type Made = (String, rustls::pki_types::CertificateDer<'static>, PrivateKeyDer<'static>);

fn certificates(address: IpAddr) -> Result<Made, rcgen::Error> {
    let mut authority = params("cg-auth emulator authority", Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !address.is_loopback() && !address.is_unspecified() {
        names.push(address.to_string());
    }
    let mut server = params("cg-auth emulator", names)?;
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &authority)?;

    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    Ok((authority.pem(), certificate.der().clone(), key))
}

/// Valid from yesterday, for a year: platforms refuse certificates that live much longer. This is real time,
/// since that is what TLS libraries go by.
fn params(common_name: &str, names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = Now::system().wall();
    params.not_before = (now - DAY).into();
    params.not_after = (now + 365 * DAY).into();
    Ok(params)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

//! [`Alpn`], the HTTP versions offered in TLS, and [`Tls`], the certificates generated at startup.

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

use crate::{error::EmulatorError, names::named};

/// Which HTTP versions the emulator offers in the TLS handshake (ALPN).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Alpn {
    /// HTTP/2, and HTTP/1.1 for clients that do not offer HTTP/2.
    #[default]
    Http2AndHttp1,
    /// HTTP/1.1 only. The handshake fails for a client that offers HTTP/2 only.
    Http1,
    /// HTTP/2 only. The handshake fails for a client that offers HTTP/1.1 only.
    Http2,
    /// None, like a server without ALPN. The emulator still understands both versions.
    Off,
}

named!(pub Alpn: Http2AndHttp1 = "http2_and_http1", Http2 = "http2", Http1 = "http1", Off = "off");

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

/// The server's TLS configuration, and the certificate authority that a client has to trust.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) ca_pem: String,
}

impl Tls {
    /// Generates an authority, and a server certificate for `address` and the names of this machine. The
    /// authority's key is dropped here, so it never signs another certificate.
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

type Certificates = (String, rustls::pki_types::CertificateDer<'static>, PrivateKeyDer<'static>);

/// The authority's certificate as PEM, then the server's certificate and key.
fn certificates(address: IpAddr) -> Result<Certificates, rcgen::Error> {
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

/// The certificate is valid from yesterday for a year, because some platforms refuse longer validity. The
/// dates are real time, because TLS libraries do not use the emulator's clock.
fn params(common_name: &str, names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = Now::system().wall();
    params.not_before = (now - DAY).into();
    params.not_after = (now + 365 * DAY).into();
    Ok(params)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

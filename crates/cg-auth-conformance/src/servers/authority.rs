//! [`Authority`]: a private certificate authority, and the [`Identity`]s that it signs.

use std::{ops::Range, time::Duration};

use cg_auth_core::time::Now;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A private certificate authority. Its name is unique, unless a test chooses the name.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// An authority with a name of its own.
    #[must_use]
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let name = key.public_key_raw()[1..9].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Self::with_key(&name, key)
    }

    /// An authority called `name`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::with_key(name, KeyPair::generate().unwrap())
    }

    fn with_key(name: &str, key: KeyPair) -> Self {
        let mut params = params(name, &[], &RIGHT_NOW);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        Self { pem: issuer.pem(), issuer }
    }

    /// The root certificate of the authority, for clients.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The root certificate of the authority, for servers.
    pub(crate) fn der(&self) -> &CertificateDer<'static> {
        self.issuer.der()
    }

    /// A client certificate that this authority has signed.
    #[must_use]
    pub fn client(&self) -> Identity {
        let mut params = params("client", &[], &RIGHT_NOW);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    /// A server certificate for `names`, valid for `days`, counted from today.
    pub(crate) fn server(&self, names: &[String], days: &Range<i32>) -> Identity {
        let mut params = params("server", names, days);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        Identity { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// A certificate and its private key.
#[derive(Debug)]
pub struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

impl Identity {
    /// The certificate, which is public.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// The private key.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// The private key in DER.
    #[must_use]
    pub fn key_bytes(&self) -> Vec<u8> {
        self.key.serialize_der()
    }

    /// Certificate and private key in one text.
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificate_pem() + &self.key_pem()
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.der().clone()]
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key_bytes()).into()
    }
}

/// From yesterday to tomorrow: some platforms refuse certificates with a long life.
pub(crate) const RIGHT_NOW: Range<i32> = -1..1;

fn params(common_name: &str, names: &[String], days: &Range<i32>) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = Now::system().wall();
    let day = |days: i32| {
        let distance = DAY * days.unsigned_abs();
        if days < 0 { now - distance } else { now + distance }
    };
    (params.not_before, params.not_after) = (day(days.start).into(), day(days.end).into());
    params
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

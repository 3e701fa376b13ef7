//! [`Authority`]: a private certificate authority, and the [`Identity`]s that it signs.

use std::{ops::Range, time::Duration};

use cg_auth_core::time::Now;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority made on the spot. No two have a name in common, unless a test says so.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// One with a name of its own.
    #[must_use]
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let name = key.public_key_raw()[1..9].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Self::with_key(&name, key)
    }

    /// One that calls itself `name`.
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

    /// What a client trusts.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What a server trusts.
    pub(crate) fn der(&self) -> &CertificateDer<'static> {
        self.issuer.der()
    }

    /// A client that this authority vouches for.
    #[must_use]
    pub fn client(&self) -> Identity {
        let mut params = params("client", &[], &RIGHT_NOW);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    /// The server of `names`, for as long as `days`, counted from today.
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
    /// The certificate, which anybody may see.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// The private key.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// The private key in DER, as a secret that nothing may show.
    #[must_use]
    pub fn key_bytes(&self) -> Vec<u8> {
        self.key.serialize_der()
    }

    /// Both in one text.
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

/// Platforms refuse certificates that live for long, so these live from yesterday to tomorrow.
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

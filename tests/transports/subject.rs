//! [`Subject`]: a transport under test. [`Configurable`]: one with the settings of this workspace.

use std::sync::LazyLock;

pub(crate) use cg_auth_conformance::{Capabilities, Capability, Settings};
pub(crate) use cg_auth_hyper::HyperTransport;
pub(crate) use cg_auth_reqwest::ReqwestTransport;
pub(crate) use cg_auth_tests::one_connection_each::OneConnectionEach;
pub(crate) use cg_auth_ureq::UreqTransport;

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, RetryPolicy, UserPrincipalName,
    transport::{HttpTransport, TransportError},
};
use cg_auth_tests::authority::Authority;
use cg_auth_transport_util::{Http2, TransportSettings};
use tokio_rustls::rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

pub(crate) use crate::callers_reqwest::CallersReqwest;

/// A transport under test.
pub(crate) trait Subject: HttpTransport + Sized + 'static {
    /// The name of the transport in the names of tests.
    const NAME: &str;

    /// What it can do beyond the contract.
    fn capabilities() -> Capabilities;

    /// A transport with `settings`.
    fn with(settings: &Settings) -> Self;

    /// A transport with the default settings, but without the platform's root certificates.
    fn default() -> Self {
        Self::with(&Settings::default())
    }

    /// A transport that trusts the authority in `pem` and the platform's root certificates.
    fn trusting(pem: &str) -> Self {
        Self::with(&settings(|settings| settings.root_certificates = Some(pem.to_owned())))
    }
}

/// The default settings with the changes that `set` makes.
pub(crate) fn settings(set: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::default();
    set(&mut settings);
    settings
}

/// A transport of this workspace, with all its settings.
pub(crate) trait Configurable: Subject {
    /// The name of the transport in the names of tests.
    const NAME: &str;
    /// [`Capability::StreamEnd`]. reqwest has it not in this package, which enables its feature `gzip`; the
    /// tests of `cg-auth-reqwest` cover it.
    const SEES_THE_END_OF_A_STREAM: bool;
    /// Whether it asks a proxy for a tunnel to an IPv6 address.
    const TUNNELS_TO_IPV6: bool;
    /// [`Capability::Http2`].
    const SPEAKS_HTTP2: bool = true;
    /// The most verbose log that holds no secret, and a part of it that shows that the log is on.
    const LOG: (&str, &str) = ("trace", "h2::");

    fn from_settings(settings: &TransportSettings) -> Result<Self, TransportError>;

    /// A transport with `settings` that fit together.
    fn with_settings(settings: TransportSettings) -> Self {
        Self::from_settings(&settings).unwrap()
    }
}

impl Configurable for HyperTransport {
    const NAME: &str = "hyper";
    const SEES_THE_END_OF_A_STREAM: bool = true;
    const TUNNELS_TO_IPV6: bool = true;

    fn from_settings(settings: &TransportSettings) -> Result<Self, TransportError> {
        Self::from_settings(settings)
    }
}

impl Configurable for ReqwestTransport {
    const NAME: &str = "reqwest";
    const SEES_THE_END_OF_A_STREAM: bool = false;
    const TUNNELS_TO_IPV6: bool = false;

    fn from_settings(settings: &TransportSettings) -> Result<Self, TransportError> {
        Self::from_settings(settings)
    }
}

impl Configurable for UreqTransport {
    const NAME: &str = "ureq";
    const SEES_THE_END_OF_A_STREAM: bool = false;
    const TUNNELS_TO_IPV6: bool = true;
    const SPEAKS_HTTP2: bool = false;
    const LOG: (&str, &str) = ("trace,ureq_proto=debug", "ureq::");

    fn from_settings(settings: &TransportSettings) -> Result<Self, TransportError> {
        Self::from_settings(settings)
    }
}

impl<T: Configurable> Subject for T {
    const NAME: &str = <T as Configurable>::NAME;

    fn capabilities() -> Capabilities {
        let mut has = Capabilities::all();
        for (capability, is_there) in
            [(Capability::StreamEnd, T::SEES_THE_END_OF_A_STREAM), (Capability::Http2, T::SPEAKS_HTTP2)]
        {
            has = if is_there { has } else { has.without(capability) };
        }
        has
    }

    fn with(settings: &Settings) -> Self {
        let mut own = match &settings.root_certificates {
            Some(pem) => TransportSettings::new().extra_root_certificates_pem(pem.as_bytes()).unwrap(),
            None => without_platform_roots(),
        };
        if let Some(pem) = &settings.client_certificate {
            own = own.client_certificate_pem(pem.as_bytes()).unwrap();
        }
        if let Some(url) = &settings.proxy {
            own = own.proxy(url).unwrap();
        }
        let http2 = if settings.http2_prior_knowledge { Http2::PriorKnowledge } else { Http2::default() };
        Self::with_settings(
            own.connect_timeout(settings.connect_timeout).body_limit(settings.body_limit).http2(http2),
        )
    }
}

impl Subject for OneConnectionEach {
    const NAME: &str = "third_party";

    fn capabilities() -> Capabilities {
        [Capability::Tls, Capability::Http2, Capability::StreamEnd, Capability::ConnectTimeout].into()
    }

    fn with(settings: &Settings) -> Self {
        let mut roots = RootCertStore::empty();
        if let Some(pem) = &settings.root_certificates {
            roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        }
        Self {
            connect_timeout: settings.connect_timeout,
            body_limit: settings.body_limit,
            http2_prior_knowledge: settings.http2_prior_knowledge,
            ..Self::new(roots).unwrap()
        }
    }
}

/// The default settings without the platform's root certificates. Most tests need none, and reading them
/// takes longer than most tests.
pub(crate) fn without_platform_roots() -> TransportSettings {
    TransportSettings::new().only_root_certificates_pem(UNUSED_AUTHORITY.pem().as_bytes()).unwrap()
}

/// An authority that has signed no certificate.
pub(crate) static UNUSED_AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

/// A client of the service at `base_url` over a transport with the default settings. It makes one attempt, so
/// that the transport is tested alone.
pub(crate) fn client<T: Subject>(base_url: BaseUrl) -> AuthClient {
    client_over(base_url, T::default())
}

/// Like [`client`], over `transport`.
pub(crate) fn client_over(base_url: BaseUrl, transport: impl HttpTransport + 'static) -> AuthClient {
    AuthClient::new(base_url, transport).with_retry_policy(RetryPolicy::none())
}

/// A credential for the raw listeners, which accept any.
pub(crate) fn credential() -> ApiCredential {
    ApiCredential::new(
        ClientSecret::new("dGVzdC1vbmx5+/==").unwrap(),
        UserPrincipalName::new("someone@example.com").unwrap(),
    )
}

//! [`Subject`]: a transport, as the suite makes it. [`Configurable`]: one of this workspace.

use std::time::Duration;

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, RetryPolicy, UserPrincipalName, body::Body,
    model::RefreshToken, transport::HttpTransport,
};
use cg_auth_transport_util::{FromSettings, Http2, TransportBuilder};
use tokio_rustls::rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::third_party_transport::OneConnectionEach;

/// A transport under test.
pub(crate) trait Subject: HttpTransport + Sized + 'static {
    /// Whether its errors say what an operator should look at.
    const ADVISES: bool = true;

    /// One with `settings`.
    fn with(settings: Settings<'_>) -> Self;

    /// One with the defaults.
    fn default() -> Self {
        Self::with(Settings::default())
    }

    /// One that trusts the authority in `pem` too.
    fn trusting(pem: &str) -> Self {
        Self::with(Settings { extra_roots: Some(pem), ..Settings::default() })
    }
}

/// What the contract's tests set.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    pub(crate) connect_timeout: Duration,
    pub(crate) extra_roots: Option<&'a str>,
    pub(crate) body_limit: usize,
    pub(crate) http2_prior_knowledge: bool,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            extra_roots: None,
            body_limit: Body::DEFAULT_LIMIT,
            http2_prior_knowledge: false,
        }
    }
}

/// A transport with every setting that those of this workspace share.
pub(crate) trait Configurable: Subject + FromSettings {
    /// The module that holds its tests.
    const MODULE: &str;
    /// Whether it asks a proxy for a tunnel to an IPv6 address.
    const TUNNELS_TO_IPV6: bool;

    /// Its settings, to be changed.
    fn builder() -> TransportBuilder<Self> {
        TransportBuilder::new()
    }
}

impl Configurable for cg_auth_hyper::HyperTransport {
    const MODULE: &str = "hyper";
    const TUNNELS_TO_IPV6: bool = true;
}

impl Configurable for cg_auth_reqwest::ReqwestTransport {
    const MODULE: &str = "reqwest";
    const TUNNELS_TO_IPV6: bool = false;
}

impl<T: HttpTransport + FromSettings + 'static> Subject for T {
    fn with(settings: Settings<'_>) -> Self {
        let mut builder =
            TransportBuilder::new().connect_timeout(settings.connect_timeout).body_limit(settings.body_limit);
        if settings.http2_prior_knowledge {
            builder = builder.http2(Http2::PriorKnowledge);
        }
        if let Some(pem) = settings.extra_roots {
            builder = builder.extra_root_certificates_pem(pem.as_bytes()).unwrap();
        }
        builder.build().unwrap()
    }
}

impl Subject for OneConnectionEach {
    const ADVISES: bool = false;

    fn with(settings: Settings<'_>) -> Self {
        let mut roots = RootCertStore::empty();
        if let Some(pem) = settings.extra_roots {
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

/// A client of the service at `base_url` over a transport with the defaults. It makes one attempt: what a
/// transport does shows best alone.
pub(crate) fn client<T: Subject>(base_url: BaseUrl) -> AuthClient {
    client_over(base_url, T::default())
}

/// The same over a given transport.
pub(crate) fn client_over(base_url: BaseUrl, transport: impl HttpTransport + 'static) -> AuthClient {
    AuthClient::new(base_url, transport).with_retry_policy(RetryPolicy::none())
}

/// A credential that any raw listener takes.
pub(crate) fn credential() -> ApiCredential {
    ApiCredential::new(
        ClientSecret::new("dGVzdC1vbmx5+/==").unwrap(),
        UserPrincipalName::new("someone@example.com").unwrap(),
    )
}

/// A refresh token of the same kind.
pub(crate) fn refresh_token() -> RefreshToken {
    RefreshToken::new("cmVmcmVzaA==").unwrap()
}

//! [`Subject`]: a transport, as the suite makes it.

use std::time::Duration;

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, RetryPolicy, UserPrincipalName,
    body::Body,
    transport::{HttpTransport, TransportError},
};

/// A transport under test.
pub(crate) trait Subject: HttpTransport + Sized + 'static {
    /// The module that holds its tests.
    const MODULE: &str;

    /// One with `settings`.
    fn build(settings: Settings<'_>) -> Result<Self, TransportError>;

    /// One with the defaults.
    fn default() -> Self {
        Self::build(Settings::default()).unwrap()
    }
}

/// The settings that every transport has.
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

/// The transports name their settings alike, so one body serves them all.
macro_rules! subject {
    ($module:literal, $transport:ty) => {
        impl Subject for $transport {
            const MODULE: &str = $module;

            fn build(settings: Settings<'_>) -> Result<Self, TransportError> {
                let mut builder = Self::builder()
                    .connect_timeout(settings.connect_timeout)
                    .body_limit(settings.body_limit)
                    .http2_prior_knowledge(settings.http2_prior_knowledge);
                if let Some(pem) = settings.extra_roots {
                    builder = builder.extra_root_certificates_pem(pem.as_bytes())?;
                }
                builder.build()
            }
        }
    };
}
subject!("hyper", cg_auth_hyper::HyperTransport);
subject!("reqwest", cg_auth_reqwest::ReqwestTransport);

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

//! [`EmulatorBuilder`]: an emulator other than the default one.

use std::{sync::Arc, time::Duration};

use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName, testing::ManualClock};

use crate::{
    clock::EmulatorClock, credential_check::KeyHeaderPolicy, emulator::Emulator, error::EmulatorError,
    server::Server, service::Service, tls::Tls,
};

/// What an emulator is started with; every setting has a default.
#[derive(Debug, Clone)]
#[must_use]
pub struct EmulatorBuilder {
    credential: ApiCredential,
    token_lifetime: Duration,
    key_header_policy: KeyHeaderPolicy,
    clock: EmulatorClock,
    tls: bool,
}

impl EmulatorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            credential: invented_credential(),
            token_lifetime: Duration::from_secs(60 * 60),
            key_header_policy: KeyHeaderPolicy::default(),
            clock: EmulatorClock::default(),
            tls: false,
        }
    }

    /// The one credential that is accepted. By default an invented one, see [`Emulator::credential`].
    pub fn credential(mut self, credential: ApiCredential) -> Self {
        self.credential = credential;
        self
    }

    /// How long an access token is good for: whole seconds, at least one. By default an hour.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Where delegate and delete must carry the credential. By default in headers and body.
    pub fn key_header_policy(mut self, policy: KeyHeaderPolicy) -> Self {
        self.key_header_policy = policy;
        self
    }

    /// Goes by `clock`, which others may share and move. By default the emulator goes by real time.
    pub fn clock(mut self, clock: ManualClock) -> Self {
        self.clock = clock.into();
        self
    }

    /// Serves over TLS, with a certificate made at start; see [`Emulator::ca_pem`].
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Starts the emulator. It runs on a thread of its own; the caller may be in any async context.
    ///
    /// # Errors
    /// [`EmulatorError`] when the operating system has no port or thread to give, or no certificate could
    /// be made.
    pub async fn start(self) -> Result<Emulator, EmulatorError> {
        let tls = if self.tls { Some(Tls::new()?) } else { None };
        let (config, ca_pem) = tls.map(|tls| (tls.config, tls.ca_pem)).unzip();
        let server = Server::start(Arc::new(self.service()), config).await?;
        Ok(Emulator::new(server, self.credential, ca_pem, self.clock))
    }

    pub(crate) fn service(&self) -> Service {
        let (credential, clock) = (self.credential.clone(), self.clock.clone());
        Service::new(credential, self.key_header_policy, clock, self.token_lifetime)
    }
}

#[allow(clippy::expect_used)] // both are visible ASCII
fn invented_credential() -> ApiCredential {
    ApiCredential::new(
        ClientSecret::new("ZW11bGF0b3Itb25seS1zZWNyZXQ=").expect("base64 is visible ASCII"),
        UserPrincipalName::new("someone@example.com").expect("an address is visible ASCII"),
    )
}

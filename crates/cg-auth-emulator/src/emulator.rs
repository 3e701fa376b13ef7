//! [`Emulator`]: the handle of a running emulator.

use cg_auth_core::{ApiCredential, BaseUrl};

use crate::{
    builder::EmulatorBuilder, clock::EmulatorClock, error::EmulatorError, operations::PROTECTED_PATH,
    server::Server,
};

/// A running emulator. It stops when this is dropped, and leaves neither socket nor thread behind.
#[derive(Debug)]
pub struct Emulator {
    base_url: BaseUrl,
    credential: ApiCredential,
    ca_pem: Option<String>,
    clock: EmulatorClock,
    _server: Server,
}

impl Emulator {
    /// Starts an emulator with every default: plain HTTP, an invented credential, tokens of an hour.
    ///
    /// # Errors
    /// [`EmulatorError`] as [`EmulatorBuilder::start`].
    pub async fn start() -> Result<Self, EmulatorError> {
        Self::builder().start().await
    }

    /// For an emulator that differs from the default one.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::new()
    }

    #[allow(clippy::expect_used)] // digits and dots make a host
    pub(crate) fn new(
        server: Server,
        credential: ApiCredential,
        ca_pem: Option<String>,
        clock: EmulatorClock,
    ) -> Self {
        let scheme = if ca_pem.is_some() { "https" } else { "http" };
        let base_url = BaseUrl::parse(&format!("{scheme}://{}", server.address()))
            .expect("a socket address makes a base URL");
        Self { base_url, credential, ca_pem, clock, _server: server }
    }

    /// Where it answers: `http://127.0.0.1:PORT`, or `https://127.0.0.1:PORT` with TLS.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// The credential that it accepts, which is also its only user: enabled, and an administrator.
    #[must_use]
    pub fn credential(&self) -> &ApiCredential {
        &self.credential
    }

    /// With TLS, the certificate of the authority to trust, as PEM. The server's own certificate names
    /// `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The clock that it goes by.
    #[must_use]
    pub fn clock(&self) -> &EmulatorClock {
        &self.clock
    }

    /// A resource to call with `Authorization: Bearer ACCESS-TOKEN`, by `GET`. It answers in JSON who the
    /// caller is (`userPrincipalName`, `tokenId`, `issuedAt`, `expiresAt`), or 401.
    #[must_use]
    pub fn protected_url(&self) -> String {
        format!("{}{PROTECTED_PATH}", self.base_url)
    }
}

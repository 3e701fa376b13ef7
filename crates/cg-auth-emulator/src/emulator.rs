//! [`Emulator`]: the handle of a running emulator.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use cg_auth_core::{ApiCredential, BaseUrl};

use crate::{
    builder::EmulatorBuilder,
    clock::EmulatorClock,
    error::EmulatorError,
    operation::{Operation, PROTECTED_PATH},
    recorded_request::RecordedRequest,
    script_writing::ScriptBuilder,
    server::Server,
    state::State,
    users::User,
    waiting::{WaitTimedOut, Wish},
};

/// A running emulator. It stops when this is dropped, at once and in the middle of whatever it does, and
/// leaves neither socket nor thread behind. [`shutdown`](Self::shutdown) is the polite way.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    base_url: BaseUrl,
    ca_pem: Option<String>,
    state: State,
    server: Server,
}

impl Emulator {
    /// Starts an emulator with every default: plain HTTP, an invented credential, tokens of an hour.
    ///
    /// # Errors
    /// [`EmulatorError`] as [`EmulatorBuilder::start`].
    pub async fn start() -> Result<Self, EmulatorError> {
        Self::builder().start().await
    }

    /// [`start`](Self::start) for callers that are not async. A whole test binary may share one emulator:
    ///
    /// ```
    /// use std::sync::LazyLock;
    ///
    /// use cg_auth_emulator::Emulator;
    ///
    /// static EMULATOR: LazyLock<Emulator> = LazyLock::new(|| Emulator::start_blocking().expect("a port"));
    ///
    /// assert!(EMULATOR.base_url().is_loopback());
    /// ```
    ///
    /// # Errors
    /// [`EmulatorError`] as [`EmulatorBuilder::start`].
    pub fn start_blocking() -> Result<Self, EmulatorError> {
        Self::builder().start_blocking()
    }

    /// For an emulator that differs from the default one.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::new()
    }

    #[allow(clippy::expect_used)] // digits, dots and colons make a host
    pub(crate) fn new(server: Server, address: SocketAddr, ca_pem: Option<String>, state: State) -> Self {
        let scheme = if ca_pem.is_some() { "https" } else { "http" };
        let base_url = BaseUrl::parse_allowing_http(&format!("{scheme}://{}", reachable(address)))
            .expect("a socket address makes a base URL");
        Self { address, base_url, ca_pem, state, server }
    }

    /// Where it answers: `http://127.0.0.1:PORT`, or `https://127.0.0.1:PORT` with TLS, unless it was told to
    /// listen elsewhere.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the first user is known by: by default the only one, invented, enabled, and an administrator.
    #[must_use]
    #[allow(clippy::expect_used)] // the builder sees to it that there is one
    #[allow(clippy::missing_panics_doc)]
    pub fn credential(&self) -> &ApiCredential {
        self.user(0).expect("there is a first user")
    }

    /// What the user of this place in the builder's order is known by. The first has the place 0.
    #[must_use]
    pub fn user(&self, n: usize) -> Option<&ApiCredential> {
        self.state.service.users.nth(n).map(User::credential)
    }

    /// With TLS, the certificate of the authority to trust, as PEM. The server's own certificate names
    /// `localhost`, `127.0.0.1`, `::1` and the address it listens on.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// A resource to call with `Authorization: Bearer ACCESS-TOKEN`, by `GET`. It answers in JSON who the
    /// caller is (`userPrincipalName`, `tokenId`, `issuedAt`, `expiresAt`), or 401.
    #[must_use]
    pub fn protected_url(&self) -> String {
        format!("{}{PROTECTED_PATH}", self.base_url)
    }

    /// What a program that goes by `CG_AUTH_*` variables needs to call the emulator as its first user:
    /// `CG_AUTH_BASE_URL`, `CG_AUTH_USER_PRINCIPAL_NAME` and `CG_AUTH_CLIENT_SECRET`.
    ///
    /// The last one's value is the first user's secret in plain text, so this is for a child's environment,
    /// not for a log. With TLS the child also has to trust [`ca_pem`](Self::ca_pem), which goes by a file.
    ///
    /// ```
    /// use std::process::Command;
    ///
    /// let emulator = cg_auth_emulator::Emulator::start_blocking()?;
    /// let mut child = Command::new("printenv");
    /// child.envs(emulator.env());
    /// # Ok::<(), cg_auth_emulator::EmulatorError>(())
    /// ```
    #[must_use]
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let credential = self.credential();
        vec![
            ("CG_AUTH_BASE_URL", self.base_url.to_string()),
            ("CG_AUTH_USER_PRINCIPAL_NAME", credential.user_principal_name().to_string()),
            ("CG_AUTH_CLIENT_SECRET", credential.client_secret().expose_secret().to_owned()),
        ]
    }

    /// The clock that it goes by.
    #[must_use]
    pub fn clock(&self) -> &EmulatorClock {
        &self.state.clock
    }

    /// The requests that it received, oldest first: the newest 1024, those to `/_emulator/` left out. One that
    /// is still being answered is among them, without a [status](RecordedRequest::status).
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.log.requests()
    }

    /// How many requests are missing in [`requests`](Self::requests) since there were more than it holds.
    #[must_use]
    pub fn forgotten_requests(&self) -> u64 {
        self.state.log.forgotten()
    }

    /// How many requests for `operation` it received, refused ones included. A request counts once it has
    /// been read, before it is answered.
    #[must_use]
    pub fn count(&self, operation: Operation) -> u64 {
        self.state.log.count(operation)
    }

    /// Waits until [`count`](Self::count) has reached `n`, for `within` of real time at most. Any executor
    /// will do, and one whose clock is paused too: the timer is the emulator's.
    ///
    /// # Errors
    /// [`WaitTimedOut`] when it did not come to that.
    pub async fn wait_for(&self, operation: Operation, n: u64, within: Duration) -> Result<(), WaitTimedOut> {
        let wish = Wish { operation, wanted: n, within };
        wish.wait(self.server.runtime(), &self.state.log).await
    }

    /// [`wait_for`](Self::wait_for) for callers that are not async.
    ///
    /// # Errors
    /// [`WaitTimedOut`] when it did not come to that.
    pub fn wait_for_blocking(
        &self,
        operation: Operation,
        n: u64,
        within: Duration,
    ) -> Result<(), WaitTimedOut> {
        let wish = Wish { operation, wanted: n, within };
        wish.wait_blocking(self.server.runtime(), &self.state.log)
    }

    /// Begins a script: what the next requests for `operation` are answered with. Of several scripts, the one
    /// that was written first is followed until it is used up. There may be 256; one more is a panic.
    ///
    /// ```
    /// use cg_auth_emulator::{Emulator, Operation};
    ///
    /// let emulator = Emulator::start_blocking()?;
    /// let busy = emulator.next(Operation::GetDelegateAccessToken).times(2).refuse(503);
    /// // … the program under test is refused twice, and then served.
    /// assert_eq!(busy.hits(), 0);
    /// # Ok::<(), cg_auth_emulator::EmulatorError>(())
    /// ```
    pub fn next(&self, operation: Operation) -> ScriptBuilder {
        ScriptBuilder::new(Arc::clone(&self.state.scripts), operation)
    }

    /// Forgets requests and counts, scripts, and every token, none of which is accepted any more; a clock that
    /// goes by real time shows it again. Users and settings stay, and so does a
    /// [`ManualClock`](cg_auth_core::testing::ManualClock).
    pub fn reset(&self) {
        self.state.reset();
    }

    /// Stops politely: takes no more requests, waits up to 10 s for those under way to be answered, and
    /// returns when every socket is closed and the thread has ended. Dropping the future stops at once.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }

    /// [`shutdown`](Self::shutdown) for callers that are not async.
    pub fn shutdown_blocking(self) {
        self.server.shutdown_blocking();
    }
}

/// The address by which this machine reaches what listens on `address`.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let ip = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(ip);
    }
    address
}

#[cfg(test)]
mod tests;

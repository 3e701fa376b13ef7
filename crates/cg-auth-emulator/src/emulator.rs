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
    http::Server,
    metrics,
    operation::{Operation, PROTECTED_PATH},
    request_log::{RecordedRequest, RequestCount, RequestFilter, WaitTimedOut},
    scripts::{Script, ScriptBuilder, ScriptError, ScriptGuard},
    service::{ServiceSettings, TokenCounts, UserError},
    state::{Part, State},
    user::User,
};

/// A running emulator.
///
/// Dropping it stops the emulator immediately, closes every connection and leaves neither socket nor thread
/// behind. [`shutdown`](Self::shutdown) finishes the requests in flight first.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    base_url: BaseUrl,
    ca_pem: Option<String>,
    /// The users at the start.
    users: Vec<User>,
    state: State,
    server: Server,
}

impl Emulator {
    /// Starts an emulator with the default settings: plain HTTP, an invented credential, tokens for an hour.
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
    /// static EMULATOR: LazyLock<Emulator> =
    ///     LazyLock::new(|| Emulator::start_blocking().expect("a free port"));
    ///
    /// assert!(EMULATOR.base_url().is_loopback());
    /// ```
    ///
    /// # Errors
    /// [`EmulatorError`] as [`EmulatorBuilder::start`].
    pub fn start_blocking() -> Result<Self, EmulatorError> {
        Self::builder().start_blocking()
    }

    /// A builder for an emulator with other settings.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::new()
    }

    #[allow(clippy::expect_used)] // digits, dots and colons make a host
    pub(crate) fn new(
        server: Server,
        address: SocketAddr,
        ca_pem: Option<String>,
        users: Vec<User>,
        state: State,
    ) -> Self {
        let scheme = if ca_pem.is_some() { "https" } else { "http" };
        let base_url = BaseUrl::parse_allowing_http(&format!(
            "{scheme}://{}{}",
            reachable(address),
            state.front.base_path
        ))
        .expect("a socket address makes a base URL");
        Self { address, base_url, ca_pem, users, state, server }
    }

    /// The base URL of the emulated service, with its [base path](EmulatorBuilder::base_path): `http://127.0.0.1:PORT`, or `https://127.0.0.1:PORT` with TLS.
    /// Another [`listen`](EmulatorBuilder::listen) address replaces `127.0.0.1`.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// The first user's credential. By default it belongs to an invented administrator.
    ///
    /// This and [`user`](Self::user) return the users of the start, also after they were changed or removed.
    #[must_use]
    #[allow(clippy::expect_used)] // the builder always makes a first user
    #[allow(clippy::missing_panics_doc)]
    pub fn credential(&self) -> &ApiCredential {
        self.user(0).expect("there is a first user")
    }

    /// The credential of the `n`th user in the builder's order, from 0.
    #[must_use]
    pub fn user(&self, n: usize) -> Option<&ApiCredential> {
        self.users.get(n).map(User::credential)
    }

    /// The credential of the builder's first enabled administrator. By default it is
    /// [`credential`](Self::credential).
    #[must_use]
    pub fn administrator(&self) -> Option<&ApiCredential> {
        self.users.iter().find(|user| user.is_enabled() && user.is_administrator()).map(User::credential)
    }

    /// The credential of the builder's first enabled user who is no administrator. By default there is one,
    /// with the client secret of [`credential`](Self::credential).
    #[must_use]
    pub fn plain_user(&self) -> Option<&ApiCredential> {
        self.users.iter().find(|user| user.is_enabled() && !user.is_administrator()).map(User::credential)
    }

    /// The users that the service knows now.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.state.service.users().iter().cloned().collect()
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`UserError`] when a user has the name already, without regard to ASCII case, or when there are 10,000
    /// users.
    pub fn add_user(&self, user: User) -> Result<(), UserError> {
        self.state.service.add_user(user)
    }

    /// Replaces the user that has the name of `user`: another secret, disabled or enabled, administrator or
    /// not. Tokens that were issued stay valid; see [`revoke_user`](Self::revoke_user).
    ///
    /// ```
    /// use cg_auth_emulator::{Emulator, cg_auth_core::ClientSecret};
    ///
    /// let emulator = Emulator::start_blocking()?;
    /// let user = emulator.users().remove(0);
    /// emulator.change_user(user.client_secret(ClientSecret::new("another")?))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`UserError::Unknown`] when no user has the name.
    pub fn change_user(&self, user: User) -> Result<(), UserError> {
        let name = user.name().to_owned();
        self.state.service.change_user(&name, |_| user)
    }

    /// Removes a user and revokes the user's tokens.
    ///
    /// # Errors
    /// [`UserError::Unknown`] when no user has the name.
    pub fn remove_user(&self, user_principal_name: &str) -> Result<(), UserError> {
        self.state.service.remove_user(user_principal_name)
    }

    /// The lifetimes and policies of the service now.
    #[must_use]
    pub fn settings(&self) -> ServiceSettings {
        ServiceSettings::of(&self.state.service.settings())
    }

    /// Changes the lifetimes and policies for every later request. Tokens that were issued keep theirs.
    pub fn set_settings(&self, settings: ServiceSettings) {
        self.state.service.change_settings(settings);
    }

    /// How many tokens the service has issued and still accepts.
    #[must_use]
    pub fn token_counts(&self) -> TokenCounts {
        self.state.service.token_counts()
    }

    /// The metrics in Prometheus' text format, as `GET /_emulator/metrics` answers them.
    #[must_use]
    pub fn metrics(&self) -> String {
        metrics::text(&self.state)
    }

    /// How many scripts still apply to requests.
    #[must_use]
    pub fn active_scripts(&self) -> usize {
        self.state.scripts.len()
    }

    /// Revokes an access token or a refresh token, and returns whether the service knew it. The other tokens
    /// of the same delegation stay valid.
    #[must_use = "`false` says that nothing was revoked"]
    pub fn revoke_token(&self, token: &str) -> bool {
        self.state.service.revoke_token(token)
    }

    /// Revokes every token of a user that was issued until now.
    ///
    /// # Errors
    /// [`UserError::Unknown`] when no user has the name.
    pub fn revoke_user(&self, user_principal_name: &str) -> Result<(), UserError> {
        self.state.service.revoke_user(user_principal_name)
    }

    /// Revokes every token that was issued until now.
    pub fn revoke_all(&self) {
        self.state.service.revoke_all();
    }

    /// The digest of a secret or token, as a [`RecordedRequest`] shows it. It is the same for the same value
    /// as long as the emulator runs, and under a [seed](EmulatorBuilder::seed) in every run.
    #[must_use]
    pub fn digest(&self, secret_or_token: &str) -> String {
        self.state.service.digest(secret_or_token)
    }

    /// The URL of the protected resource, for `GET` with `Authorization: Bearer ACCESS-TOKEN`.
    ///
    /// It answers 200 with the token's `userPrincipalName`, `tokenId`, `issuedAt` and `expiresAt` as JSON, or
    /// 401.
    #[must_use]
    pub fn protected_url(&self) -> String {
        format!("{}{PROTECTED_PATH}", self.base_url)
    }

    /// The root certificate that clients must trust, as PEM; `None` without TLS. The server's own certificate
    /// names `localhost`, `127.0.0.1`, `::1` and the address that the emulator listens on.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The environment of a child process that calls the emulator as its first user: `CG_AUTH_BASE_URL`,
    /// `CG_AUTH_USER_PRINCIPAL_NAME` and `CG_AUTH_CLIENT_SECRET`.
    ///
    /// The last value is the first user's secret in plain text, so keep it out of logs. With TLS the child
    /// must also trust [`ca_pem`](Self::ca_pem), which it reads from a file.
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

    /// The address that the emulator listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts a script for the next requests for `operation`. Scripts apply in the order in which they were
    /// written, each until it is used up. At most 256 scripts can be active at once; adding another one
    /// panics.
    ///
    /// ```
    /// use cg_auth_emulator::{Emulator, Operation};
    ///
    /// let emulator = Emulator::start_blocking()?;
    /// let busy = emulator.next(Operation::GetDelegateAccessToken).times(2).refuse(503);
    /// // … the service refuses the program under test twice, and then serves it.
    /// assert_eq!(busy.hits(), 0);
    /// # Ok::<(), cg_auth_emulator::EmulatorError>(())
    /// ```
    pub fn next(&self, operation: Operation) -> ScriptBuilder {
        ScriptBuilder::new(Arc::clone(&self.state.scripts), operation)
    }

    /// Adds a script that was read from JSON. It follows the scripts that are active already.
    ///
    /// # Errors
    /// [`ScriptError`] when the script can never apply to this emulator, or 256 scripts are active.
    pub fn add_script(&self, script: Script) -> Result<ScriptGuard, ScriptError> {
        ScriptGuard::add(Arc::clone(&self.state.scripts), script)
    }

    /// The emulator's clock.
    #[must_use]
    pub fn clock(&self) -> &EmulatorClock {
        &self.state.clock
    }

    /// The newest 1024 requests, oldest first, without those to the control API. A request that is still
    /// being answered is among them and has no [status](RecordedRequest::status).
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.log.requests()
    }

    /// The requests of [`requests`](Self::requests) that the filter selects.
    #[must_use]
    pub fn requests_matching(&self, filter: &RequestFilter) -> Vec<RecordedRequest> {
        self.state.log.matching(filter)
    }

    /// How many requests for `operation` the emulator received, including refused ones. A request counts
    /// once it has been read, before it is answered.
    #[must_use]
    pub fn count(&self, operation: Operation) -> u64 {
        self.state.log.count(operation)
    }

    /// How many requests match. Those that [`requests`](Self::requests) no longer holds count too, unless the
    /// filter has a [`since`](RequestFilter::since).
    #[must_use]
    pub fn count_matching(&self, filter: &RequestFilter) -> u64 {
        self.state.log.count_matching(filter)
    }

    /// Waits until [`count`](Self::count) has reached `n`, at most `within` in real time.
    ///
    /// This works on any executor, also on one with a paused clock, because the timer runs on the emulator's
    /// runtime.
    ///
    /// # Errors
    /// [`WaitTimedOut`] when fewer requests arrived in time.
    pub async fn wait_for(&self, operation: Operation, n: u64, within: Duration) -> Result<(), WaitTimedOut> {
        self.wait_for_matching(&RequestFilter::new().operation(operation), n, within).await
    }

    /// [`wait_for`](Self::wait_for) for callers that are not async.
    ///
    /// # Errors
    /// [`WaitTimedOut`] when fewer requests arrived in time.
    pub fn wait_for_blocking(
        &self,
        operation: Operation,
        n: u64,
        within: Duration,
    ) -> Result<(), WaitTimedOut> {
        let count = RequestCount { filter: RequestFilter::new().operation(operation), wanted: n, within };
        count.wait_blocking(self.server.runtime(), &self.state.log)
    }

    /// Waits until [`count_matching`](Self::count_matching) has reached `n`, at most `within` in real time.
    ///
    /// # Errors
    /// [`WaitTimedOut`] when fewer requests arrived in time.
    pub async fn wait_for_matching(
        &self,
        filter: &RequestFilter,
        n: u64,
        within: Duration,
    ) -> Result<(), WaitTimedOut> {
        let count = RequestCount { filter: filter.clone(), wanted: n, within };
        count.wait(self.server.runtime(), &self.state.log).await
    }

    /// How many older requests are missing from [`requests`](Self::requests).
    #[must_use]
    pub fn forgotten_requests(&self) -> u64 {
        self.state.log.forgotten()
    }

    /// Returns to the start: forgets the requests, scripts and tokens, and restores the clock, the users and
    /// the settings of the builder. The service refuses the old tokens from then on.
    ///
    /// Under a [seed](EmulatorBuilder::seed) the same tokens follow again, so an old access token is valid
    /// again once the service has issued its copy. Requests, connections and scripts are numbered from 1 again. A
    /// [`ManualClock`](cg_auth_core::testing::ManualClock) stays, because other code may share it.
    pub fn reset(&self) {
        self.state.reset();
    }

    /// [Resets](Self::reset) one part, and leaves the others as they are.
    pub fn reset_part(&self, part: Part) {
        self.state.reset_part(part);
    }

    /// Shuts down gracefully: accepts no more requests and waits up to 10 s for those in flight. When it
    /// returns, every socket is closed and the thread has ended.
    ///
    /// Dropping the future stops the emulator immediately.
    pub async fn shutdown(self) {
        self.state.log.close();
        self.server.shutdown().await;
    }

    /// [`shutdown`](Self::shutdown) for callers that are not async.
    pub fn shutdown_blocking(self) {
        self.state.log.close();
        self.server.shutdown_blocking();
    }
}

/// The address under which this machine reaches a listener on `address`.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let ip = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(ip);
    }
    address
}

#[cfg(test)]
mod tests;

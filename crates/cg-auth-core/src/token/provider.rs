//! [`TokenProvider`]: always hands out a valid token of one user. A caller waits only when there is none.

mod acquire;
#[cfg(all(test, shuttle))]
mod interleavings;
mod observers;
mod shared;
mod task;

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderValue;

use self::{acquire::acquire, shared::Shared};
use super::{
    DurationUnit, Event, EvictionCause, Expiry, IssuedToken, SecretSource, TokenError, TokenFuture,
    TokenSource, authorized,
    error::Cause,
    fleet::{Fleet, Pause, SharedStore},
    flight::{Flight, Semaphore},
    secret_source::read_secret,
    session::{ProviderState, Session, fleet_member::FleetMember},
    shared_back_off::SharedBackOff,
    source::TokenCache,
    store::TokenStore,
    sync::lock,
};
use crate::{
    client::AuthClient,
    model::{ApiCredential, DelegatedAccessToken, UserPrincipalName},
    time::{BoxFuture, Now, within},
};

/// Always hands out a valid token of one user. It acquires, caches and renews the token as needed.
///
/// A clone is the same provider. Reading a fresh token takes no lock and allocates nothing, and a background
/// task renews it. Callers who need a token while there is none share one acquisition, which runs on the
/// runtime of the first of them: see [single flight](crate::docs::explanation::single_flight).
///
/// ```
/// use cg_auth_core::testing::{ManualClock, ScriptedTransport};
/// use cg_auth_core::{AuthClient, BaseUrl, ClientSecret, TokenProvider, UserPrincipalName};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let answer = r#"{"value":{"access_token":"eyJ","duration":3600},"isSuccess":true}"#;
/// let transport = ScriptedTransport::new().answer(http::Response::new(answer.into()));
/// let base = BaseUrl::parse("https://example.com")?;
/// let client = AuthClient::with_runtime(base, transport, ManualClock::new());
/// let user = UserPrincipalName::new("someone@example.com")?;
///
/// let provider = TokenProvider::new(client, user, ClientSecret::new("s3cret")?);
/// assert_eq!(provider.token().await?.expose_secret(), "eyJ");
/// assert_eq!(provider.authorization().await?, "Bearer eyJ");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TokenProvider {
    shared: Arc<Shared>,
}

impl TokenProvider {
    /// A provider of the tokens of `user_principal_name` over `client`. It reads the secret before each acquisition.
    #[must_use]
    pub fn new(
        client: AuthClient,
        user_principal_name: UserPrincipalName,
        secret: impl SecretSource + 'static,
    ) -> Self {
        Self::with_session(client, Session::new(user_principal_name), secret)
    }

    /// Like [`new`](Self::new), with a session that the program has set up, for instance with a
    /// [fixed seed](Session::with_seed).
    #[must_use]
    pub fn with_session(client: AuthClient, session: Session, secret: impl SecretSource + 'static) -> Self {
        Self { shared: Arc::new(Shared::new(client, session, (0, Arc::new(secret)), None)) }
    }

    /// Sets the unit of the wire's `duration`. Makes another provider, without a token. Default: seconds.
    #[must_use]
    pub fn with_duration_unit(self, unit: DurationUnit) -> Self {
        let session = self.renewed_session().with_duration_unit(unit);
        self.with_changed(session, self.shared.fleet.clone())
    }

    /// Shares the token in `store` with every process that uses the same user, secret and service. Makes another
    /// provider, without a token. Default: none.
    ///
    /// With a store the provider acquires with the credential only and keeps no refresh token, so none is ever
    /// presented twice. The guide to [several processes](crate::docs::guides::several_processes) says more.
    #[must_use]
    pub fn with_store(self, store: impl TokenStore + 'static) -> Self {
        let fleet = Fleet::new(self.shared.client.clone(), SharedStore::new(store));
        self.with_changed(self.renewed_session(), Some(fleet))
    }

    /// A session with the options of this provider's, without a token.
    fn renewed_session(&self) -> Session {
        self.shared.with_session_quietly(|session, _| session.renewed())
    }

    /// Another provider with the client, the secret source and the observers of this one.
    fn with_changed(&self, session: Session, fleet: Option<Fleet>) -> Self {
        let secret = (0, self.shared.secret_source());
        let shared = Shared::new(self.shared.client.clone(), session, secret, None).with_fleet(fleet);
        self.shared.observers.copy_to(&shared.observers);
        Self { shared: Arc::new(shared) }
    }

    /// A provider of a pool: its acquisitions take a permit each, and it shares what the pool knows of the
    /// service. `secret` is the source with its version.
    pub(super) fn of_pool(
        client: AuthClient,
        session: Session,
        secret: (u64, Arc<dyn SecretSource>),
        semaphore: Arc<Semaphore>,
        back_off: Arc<SharedBackOff>,
        fleet: Option<Fleet>,
    ) -> Self {
        let shared = Shared::new(client, session, secret, Some((semaphore, back_off)));
        Self { shared: Arc::new(shared.with_fleet(fleet)) }
    }

    /// A valid token. The future waits if there is none. If the token is about to expire, it waits for the
    /// next one, for at most half of the time left. Dropping the future affects no other caller.
    ///
    /// # Errors
    /// [`TokenError`], which says why the caller gets no token.
    #[inline]
    pub fn token(&self) -> TokenFuture<'_> {
        TokenFuture::cached(self)
    }

    /// The value of an `authorization` header with a valid token, marked sensitive. It copies nothing.
    ///
    /// # Errors
    /// [`TokenError`], as [`token`](Self::token).
    pub async fn authorization(&self) -> Result<HeaderValue, TokenError> {
        self.with_token(|token| token.authorization().clone()).await
    }

    /// Lends a valid token to `use_it`, which is cheaper than [`token`](Self::token).
    ///
    /// # Errors
    /// [`TokenError`], as [`token`](Self::token).
    pub async fn with_token<T>(&self, use_it: impl FnOnce(&IssuedToken) -> T) -> Result<T, TokenError> {
        match self.shared.lend(use_it) {
            Ok(result) => Ok(result),
            Err(use_it) => Ok(use_it(&self.token().await?)),
        }
    }

    /// A valid token, after a wait of `limit` at most. The acquisition goes on for other waiters.
    ///
    /// # Errors
    /// [`TokenError`], as [`token`](Self::token), or if `limit` passes while no token is valid.
    pub async fn token_within(&self, limit: Duration) -> Result<IssuedToken, TokenError> {
        if let Some(token) = self.shared.hit() {
            return Ok(token);
        }
        let token = within(self.shared.runtime(), limit, self.token()).await;
        token.unwrap_or_else(|| self.shared.valid_token().ok_or_else(|| Cause::OutOfTime(limit).into()))
    }

    /// Makes the caller's request with a valid token, and once more with a new token if the service refuses
    /// the first one: [`authorized`](fn@authorized) with the tokens of this provider.
    ///
    /// # Errors
    /// [`TokenError`] if there is no token, and every error of `call`.
    pub async fn authorized<T, E, F>(
        &self,
        refused: impl Fn(&T) -> bool,
        call: impl FnMut(HeaderValue) -> F,
    ) -> Result<T, E>
    where
        E: From<TokenError>,
        F: Future<Output = Result<T, E>>,
    {
        authorized(self, refused, call).await
    }

    /// The token, if it is valid, in any phase. It never waits and starts nothing.
    #[must_use]
    pub fn peek(&self) -> Option<IssuedToken> {
        self.shared.valid_token()
    }

    /// Starts an acquisition if the token is missing or due. It does not wait.
    pub fn prefetch(&self) {
        let _ = acquire::step(&self.shared, true);
    }

    /// Reports that a service refused `token`, so that the next caller gets a new one. Returns false if that
    /// changes nothing: see [`Session::invalidate`].
    pub fn invalidate(&self, token: &IssuedToken) -> bool {
        self.shared.with_session(|session, now| session.invalidate(token, now))
    }

    /// Replaces everything by a token from elsewhere, such as a store. Waiters get that token. A provider
    /// that is [shut down](Self::shutdown) ignores it.
    pub fn seed(&self, token: DelegatedAccessToken, expiry: Expiry) {
        self.shared.new_generation(|inner, now| {
            if !inner.is_shut_down {
                inner.session.seed(token, expiry, now);
            }
        });
    }

    /// Forgets the token and every failure. Waiters go on with a new acquisition.
    pub fn clear(&self) {
        self.shared.new_generation(|inner, now| inner.session.clear(now));
    }

    /// Reads the secret from another source from now on. A valid token stays.
    pub fn replace_secret(&self, secret: impl SecretSource + 'static) {
        self.shared.set_secret(Arc::new(secret));
        self.shared.new_generation(|inner, now| inner.session.replace_secret(now));
    }

    /// Reads the secret from the source of the pool, unless the pool has given a later one.
    pub(super) fn replace_secret_of_pool(&self, version: u64, source: Arc<dyn SecretSource>) {
        if self.shared.set_secret_of_pool(version, source) {
            self.shared.new_generation(|inner, now| inner.session.replace_secret(now));
        }
    }

    /// Clears the service's cache of tokens, then the entry in the store, if there is one, and then this provider.
    /// A store that does not answer is an event.
    ///
    /// # Errors
    /// [`TokenError`] of the secret or of the call; then the token stays.
    pub async fn delete_token_cache(&self) -> Result<(), TokenError> {
        let client = &self.shared.client;
        let source = self.shared.secret_source();
        let user = self.user_principal_name();
        let secret = read_secret(&*source, &user, client).await?;
        let entry = self.shared.fleet.as_ref().and_then(|fleet| fleet.entry(&user, Some(&secret)));
        client.delete_token_cache(&ApiCredential::new(secret, user)).await?;
        if let Some(entry) = entry
            && let Err(error) = entry.remove().await
        {
            let pause = Pause::Unavailable(error);
            self.shared
                .with_session(|session, now| FleetMember::of(session).report(Duration::ZERO, &pause, now));
        }
        self.clear();
        Ok(())
    }

    /// The token with its refresh token, as [`shutdown`](Self::shutdown) would hand them out, for a program that
    /// keeps them across restarts. The provider goes on; see [`Session::expose_tokens`].
    #[must_use]
    pub fn expose_tokens(&self) -> Option<(DelegatedAccessToken, Expiry)> {
        self.shared.with_session_quietly(|session, now| session.expose_tokens(now))
    }

    /// Ends the provider: waits for the acquisition in flight and hands out the token, to be
    /// [seeded](Self::seed) elsewhere.
    ///
    /// No acquisition starts after this call. Once the future is ready, callers get an error. Without a
    /// shutdown, dropping the last clone while a refresh is on the wire may lose the new refresh token.
    pub fn shutdown(&self) -> impl Future<Output = Option<(DelegatedAccessToken, Expiry)>> + Send {
        self.close();
        async {
            self.wait_until_idle().await;
            self.shared.with_session(Session::take_tokens)
        }
    }

    /// Notifies `observer` of each event, in order and after it has happened. It is called on the thread that
    /// caused the event, with no lock held, and should return soon. Its panics are caught.
    pub fn on_event(&self, observer: impl Fn(&Event) + Send + Sync + 'static) {
        self.shared.observers.add(Arc::new(observer));
    }

    /// The state of the provider, for a health check.
    #[must_use]
    pub fn state(&self) -> ProviderState {
        let state = self.shared.with_session(|session, now| session.state(now));
        ProviderState { store: self.shared.fleet.as_ref().map(Fleet::state), ..state }
    }

    /// The user of the tokens.
    #[must_use]
    pub fn user_principal_name(&self) -> UserPrincipalName {
        self.shared.with_session_quietly(|session, _| session.user_principal_name().clone())
    }

    /// Whether a clone exists beside the pool's own, or an acquisition runs in a background task.
    pub(super) fn is_in_use(&self, now: Now) -> bool {
        let is_running = |flight: &Flight| flight.is_in_background() && !flight.deadline().is_over(now);
        let is_in_background = || self.shared.flight().is_some_and(|flight| is_running(&flight));
        Arc::strong_count(&self.shared) > 1 || is_in_background()
    }

    /// Notifies the observers that the pool has evicted the user.
    pub(super) fn evicted(&self, cause: EvictionCause) {
        self.shared.observers.queue(vec![Event::Evicted { cause }]);
        self.shared.observers.notify();
    }

    /// From now on no acquisition is started.
    pub(super) fn close(&self) {
        lock(&self.shared.inner).is_shut_down = true;
    }

    /// Waits for the acquisition in flight, after [`close`](Self::close).
    pub(super) async fn wait_until_idle(&self) {
        while let Some(flight) = self.shared.flight() {
            acquire::outcome(&self.shared, &flight, None, self.shared.runtime().now()).await;
            self.shared.end_overdue(self.shared.runtime().now());
        }
    }
}

impl TokenCache for TokenProvider {
    #[inline]
    fn hit(&self) -> Option<IssuedToken> {
        self.shared.hit()
    }

    fn acquire(&self) -> BoxFuture<'_, Result<IssuedToken, TokenError>> {
        Box::pin(acquire(&self.shared))
    }
}

impl TokenSource for TokenProvider {
    fn token(&self) -> TokenFuture<'_> {
        self.token()
    }

    fn peek(&self) -> Option<IssuedToken> {
        self.peek()
    }

    #[inline]
    fn cached(&self) -> Option<IssuedToken> {
        self.shared.hit()
    }

    fn invalidate(&self, token: &IssuedToken) -> bool {
        self.invalidate(token)
    }
}

impl fmt::Debug for TokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Read first: the sink is code of the program, and may call the provider.
        let state = self.shared.with_session_quietly(|session, now| session.state(now));
        f.debug_struct("TokenProvider")
            .field("user_principal_name", &state.user_principal_name)
            .field("phase", &state.phase)
            .field("expiry", &state.expiry)
            .field("is_acquiring", &state.is_acquiring)
            .field("failures", &state.failures)
            .field("has_refresh_token", &state.has_refresh_token)
            .finish_non_exhaustive()
    }
}

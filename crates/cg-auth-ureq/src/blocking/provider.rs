//! [`BlockingTokenProvider`]: a [`TokenProvider`] whose methods wait for their result.

use std::{future::ready, time::Duration};

use cg_auth_core::{
    AuthClient, IssuedToken, TokenError, TokenProvider, TokenSource, UserPrincipalName,
    model::DelegatedAccessToken,
    time::ThreadRuntime,
    token::{
        DurationUnit, Event, Expiry, SecretSource, TokenFuture,
        session::{ProviderState, Session},
        store::TokenStore,
    },
};
use http::HeaderValue;

/// Always hands out a valid token of one user, to threads: a [`TokenProvider`] whose methods wait for their
/// result. A clone is the same provider.
///
/// **Waiting.** A thread that finds a fresh token does not wait: the call takes no lock and allocates nothing. If
/// there is no token, all threads share one acquisition. It runs on a thread of the [`ThreadRuntime`], which also
/// renews the token before it expires. A thread waits at most until the acquisition ends, which is three
/// [time limits of the client](AuthClient::with_timeout); [`token_within`](Self::token_within) sets a shorter limit.
///
/// **The client.** Make it with [`AuthClient::with_runtime`] and a [`ThreadRuntime`]. A runtime that runs its tasks on
/// the calling thread, such as a current-thread runtime of tokio, cannot run them while that thread waits here.
///
/// **Inside of an async runtime** each method that waits blocks the thread, as every blocking call does. No method
/// panics for that reason, and the acquisition goes on, also if the blocked thread is the only one. Async code
/// awaits the tokens of [`as_async`](Self::as_async) instead.
///
/// **End of the process.** No thread of the provider keeps the process alive. If `main` returns or a signal ends the
/// process while a refresh is on the wire, the new refresh token is lost; [`shutdown`](Self::shutdown) waits for it.
///
/// ```
/// use cg_auth_emulator::Emulator;
/// use cg_auth_ureq::{AuthClient, BlockingTokenProvider, ThreadRuntime, UreqTransport};
///
/// # let service = Emulator::start_blocking()?;
/// # let base_url = service.base_url().clone();
/// # let user = service.credential().user_principal_name().clone();
/// # let secret = service.credential().client_secret().clone();
/// let transport = UreqTransport::new()?;
/// let client = AuthClient::with_runtime(base_url, transport, ThreadRuntime::new());
/// let provider = BlockingTokenProvider::new(client, user, secret);
///
/// let token = provider.token()?;
/// let other = std::thread::spawn(move || provider.token());
/// assert!(other.join().unwrap()?.is_same_issue(&token));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct BlockingTokenProvider {
    provider: TokenProvider,
}

impl BlockingTokenProvider {
    /// Tokens of `user_principal_name` over `client`. The secret is read before each acquisition, on a thread of
    /// the runtime, so the source may block.
    #[must_use]
    pub fn new(
        client: AuthClient,
        user_principal_name: UserPrincipalName,
        secret: impl SecretSource + 'static,
    ) -> Self {
        TokenProvider::new(client, user_principal_name, secret).into()
    }

    /// Like [`new`](Self::new), with a session that the program has set up, for instance with a
    /// [fixed seed](Session::with_seed).
    #[must_use]
    pub fn with_session(client: AuthClient, session: Session, secret: impl SecretSource + 'static) -> Self {
        TokenProvider::with_session(client, session, secret).into()
    }

    /// Sets the unit of the wire's `duration`. Makes another provider, without a token. Default: seconds.
    #[must_use]
    pub fn with_duration_unit(self, unit: DurationUnit) -> Self {
        self.provider.with_duration_unit(unit).into()
    }

    /// Shares the token in `store` with every process that uses the same user, secret and service. Makes another
    /// provider, without a token; see [`TokenProvider::with_store`]. Default: none.
    #[must_use]
    pub fn with_store(self, store: impl TokenStore + 'static) -> Self {
        self.provider.with_store(store).into()
    }

    /// A valid token. It waits if there is none. If the token is about to expire, it waits for the next one, for at
    /// most half of the time left.
    ///
    /// # Errors
    /// [`TokenError`], which says why the caller gets no token.
    pub fn token(&self) -> Result<IssuedToken, TokenError> {
        ThreadRuntime::block_on(self.provider.token())
    }

    /// The value of an `authorization` header with a valid token, marked sensitive. It copies nothing.
    ///
    /// # Errors
    /// [`TokenError`], as [`token`](Self::token).
    pub fn authorization(&self) -> Result<HeaderValue, TokenError> {
        ThreadRuntime::block_on(self.provider.authorization())
    }

    /// Lends a valid token to `use_it`, which is cheaper than [`token`](Self::token).
    ///
    /// # Errors
    /// [`TokenError`], as [`token`](Self::token).
    pub fn with_token<T>(&self, use_it: impl FnOnce(&IssuedToken) -> T) -> Result<T, TokenError> {
        ThreadRuntime::block_on(self.provider.with_token(use_it))
    }

    /// A valid token, after a wait of `limit` at most. The acquisition goes on for other waiters.
    ///
    /// # Errors
    /// [`TokenError`], as [`token`](Self::token), or if `limit` passes while no token is valid.
    pub fn token_within(&self, limit: Duration) -> Result<IssuedToken, TokenError> {
        ThreadRuntime::block_on(self.provider.token_within(limit))
    }

    /// Makes the caller's request with a valid token, and once more with a new token if the service refuses the first
    /// one: [`authorized`](fn@cg_auth_core::token::authorized) for a `call` that blocks.
    ///
    /// `call` is given the value of an `authorization` header. `refused` says whether an answer refuses the token;
    /// [`is_unauthorized`](cg_auth_core::token::is_unauthorized) fits most services.
    ///
    /// # Errors
    /// [`TokenError`] if there is no token, and every error of `call`.
    pub fn authorized<T, E: From<TokenError>>(
        &self,
        refused: impl Fn(&T) -> bool,
        mut call: impl FnMut(HeaderValue) -> Result<T, E>,
    ) -> Result<T, E> {
        ThreadRuntime::block_on(self.provider.authorized(refused, |authorization| ready(call(authorization))))
    }

    /// The token, if it is valid, in any phase. It never waits and starts nothing.
    #[must_use]
    pub fn peek(&self) -> Option<IssuedToken> {
        self.provider.peek()
    }

    /// Starts an acquisition if the token is missing or due. It does not wait.
    pub fn prefetch(&self) {
        self.provider.prefetch();
    }

    /// Reports that a service refused `token`, so that the next caller gets a new one. Returns false if that changes
    /// nothing: see [`Session::invalidate`].
    pub fn invalidate(&self, token: &IssuedToken) -> bool {
        self.provider.invalidate(token)
    }

    /// Replaces everything by a token from elsewhere, such as a store. Waiters get that token. A provider that is
    /// [shut down](Self::shutdown) ignores it.
    pub fn seed(&self, token: DelegatedAccessToken, expiry: Expiry) {
        self.provider.seed(token, expiry);
    }

    /// Forgets the token and every failure. Waiters go on with a new acquisition.
    pub fn clear(&self) {
        self.provider.clear();
    }

    /// Reads the secret from another source from now on. A valid token stays.
    pub fn replace_secret(&self, secret: impl SecretSource + 'static) {
        self.provider.replace_secret(secret);
    }

    /// Clears the service's cache of tokens, then the entry in the store, if there is one, and then this provider.
    /// A store that does not answer is an event. It waits for the secret and for the call, each within the
    /// [time limit of the client](AuthClient::with_timeout).
    ///
    /// # Errors
    /// [`TokenError`] of the secret or of the call; then the token stays.
    pub fn delete_token_cache(&self) -> Result<(), TokenError> {
        ThreadRuntime::block_on(self.provider.delete_token_cache())
    }

    /// The token with its refresh token, as [`shutdown`](Self::shutdown) would hand them out, for a program that keeps
    /// them across restarts. The provider goes on; see [`Session::expose_tokens`].
    #[must_use]
    pub fn expose_tokens(&self) -> Option<(DelegatedAccessToken, Expiry)> {
        self.provider.expose_tokens()
    }

    /// Ends the provider: waits for the acquisition in flight and hands out the token, to be [seeded](Self::seed)
    /// elsewhere. Other threads get an error from then on.
    ///
    /// Without a shutdown, dropping the last clone while a refresh is on the wire may lose the new refresh token.
    pub fn shutdown(&self) -> Option<(DelegatedAccessToken, Expiry)> {
        ThreadRuntime::block_on(self.provider.shutdown())
    }

    /// Notifies `observer` of each event, in order and after it has happened. It is called on the thread that caused
    /// the event, with no lock held, and should return soon. Its panics are caught.
    pub fn on_event(&self, observer: impl Fn(&Event) + Send + Sync + 'static) {
        self.provider.on_event(observer);
    }

    /// The state of the provider, for a health check.
    #[must_use]
    pub fn state(&self) -> ProviderState {
        self.provider.state()
    }

    /// The user of the tokens.
    #[must_use]
    pub fn user_principal_name(&self) -> UserPrincipalName {
        self.provider.user_principal_name()
    }

    /// The same provider for async code, with the same token and the same acquisitions. They run on the
    /// [`ThreadRuntime`], so any executor can await them.
    #[must_use]
    pub const fn as_async(&self) -> &TokenProvider {
        &self.provider
    }
}

/// For adapters that take any source of tokens. The future waits without blocking its thread.
impl TokenSource for BlockingTokenProvider {
    fn token(&self) -> TokenFuture<'_> {
        self.provider.token()
    }

    fn peek(&self) -> Option<IssuedToken> {
        self.provider.peek()
    }

    #[inline]
    fn cached(&self) -> Option<IssuedToken> {
        TokenSource::cached(&self.provider)
    }

    fn invalidate(&self, token: &IssuedToken) -> bool {
        self.provider.invalidate(token)
    }
}

/// The same provider. Its client needs a runtime that goes on while the calling thread waits, such as
/// [`ThreadRuntime`].
impl From<TokenProvider> for BlockingTokenProvider {
    fn from(provider: TokenProvider) -> Self {
        Self { provider }
    }
}

/// The same provider, for async code.
impl From<BlockingTokenProvider> for TokenProvider {
    fn from(blocking: BlockingTokenProvider) -> Self {
        blocking.provider
    }
}

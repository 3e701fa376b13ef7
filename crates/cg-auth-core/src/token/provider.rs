//! [`TokenProvider`]: a token that is always valid, and nobody waits for what is there.

mod authorized;
#[cfg(all(test, shuttle))]
mod interleavings;
mod observers;
mod pilot;
mod pooled;
mod shared;

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderValue;

pub use self::authorized::{authorized, is_unauthorized};
pub(super) use self::shared::Shared;
use super::{
    Event, Expiry, IssuedToken, SecretSource, TokenError, TokenFuture, TokenSource,
    secret_source::read_secret,
    session::{ProviderState, Session},
};
use crate::{
    client::AuthClient,
    model::{ApiCredential, DelegatedAccessToken, UserPrincipalName},
    time::within,
};

/// Hands out a valid token of one user, getting, renewing and replacing it as needed.
///
/// A clone is the same provider. While the token is fresh a call takes no lock and no allocation, and nobody waits
/// for a refresh: it runs in a task of its own. Callers who need a token that is not there share one attempt, and
/// its outcome. What is decided when, says [`Session`].
///
/// An attempt runs on the runtime of the caller who caused it. While that one is alive and not driven, such as a
/// current-thread runtime between two `block_on`, callers elsewhere wait: a program with several runtimes limits
/// that by [`token_within`](Self::token_within).
///
/// Dropping the last clone while a refresh is on the wire may lose the refresh token that the service gives in
/// exchange; [`shutdown`](Self::shutdown) waits for it.
///
/// ```
/// use cg_auth_core::{
///     AuthClient, BaseUrl, ClientSecret, TokenProvider, UserPrincipalName,
///     testing::{ManualClock, ScriptedTransport},
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let answer = r#"{"value":{"access_token":"eyJ","refresh_token":"abc","duration":3600},"isSuccess":true}"#;
/// let transport = ScriptedTransport::new().answer(http::Response::new(answer.into()));
/// let client = AuthClient::with_runtime(BaseUrl::parse("https://example.com")?, transport, ManualClock::new());
///
/// let user = UserPrincipalName::new("someone@example.com")?;
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
    /// Tokens of `user_principal_name`, over `client`. The secret is read before each attempt. Where the wire's
    /// `duration` is in another unit than seconds, a [session](Self::with_session) is set up
    /// [with it](Session::with_duration_unit).
    #[must_use]
    pub fn new(
        client: AuthClient,
        user_principal_name: UserPrincipalName,
        secret: impl SecretSource + 'static,
    ) -> Self {
        Self::with_session(client, Session::new(user_principal_name), secret)
    }

    /// The same with a session that has been set up.
    #[must_use]
    pub fn with_session(client: AuthClient, session: Session, secret: impl SecretSource + 'static) -> Self {
        Self { shared: Shared::new(client, session, Arc::new(secret), None) }
    }

    /// On whose behalf the tokens are.
    #[must_use]
    pub fn user_principal_name(&self) -> UserPrincipalName {
        self.shared.user_principal_name()
    }

    /// A valid token, waiting for it where there is none. One that is about to expire is given all the same where
    /// another does not come in half of the time that it has left. Dropping the future disturbs nobody else.
    ///
    /// # Errors
    /// [`TokenError`], which says why there is none.
    pub fn token(&self) -> TokenFuture<'_> {
        TokenFuture::of_provider(&self.shared)
    }

    /// A valid token, if there is one. It starts nothing; a token that is due soon is given too.
    #[must_use]
    pub fn peek(&self) -> Option<IssuedToken> {
        self.shared.hit().or_else(|| self.shared.valid_token())
    }

    /// Lends a valid token, which costs less than giving it.
    ///
    /// # Errors
    /// [`TokenError`], as [`token`](Self::token).
    pub async fn with_token<T>(&self, use_it: impl FnOnce(&IssuedToken) -> T) -> Result<T, TokenError> {
        match self.shared.lend(use_it) {
            Ok(result) => Ok(result),
            Err(use_it) => Ok(use_it(&self.token().await?)),
        }
    }

    /// The value of an `authorization` header with a valid token, marked sensitive. It shares the token's buffer.
    ///
    /// # Errors
    /// [`TokenError`], as [`token`](Self::token).
    pub async fn authorization(&self) -> Result<HeaderValue, TokenError> {
        self.with_token(|token| token.authorization().clone()).await
    }

    /// A valid token, waiting for `limit` at most. Others who wait are not disturbed, and the attempt goes on.
    ///
    /// # Errors
    /// [`TokenError`], as [`token`](Self::token), or that the limit has passed and no token is valid.
    pub async fn token_within(&self, limit: Duration) -> Result<IssuedToken, TokenError> {
        if let Some(token) = self.shared.hit() {
            return Ok(token);
        }
        let token = within(self.shared.runtime(), limit, self.token()).await;
        token.unwrap_or_else(|| self.shared.valid_token().ok_or_else(|| TokenError::out_of_time(limit)))
    }

    /// Starts to get a token where one is missing or due, and does not wait. Where nothing can be spawned, the next
    /// callers move that on.
    pub fn prefetch(&self) {
        self.shared.prefetch();
    }

    /// Reports that a service refused `token`, so that another one is got. False where that changes nothing, since
    /// the token has been replaced already, or since tokens are being refused one after the other; see
    /// [`Session::invalidate`].
    pub fn invalidate(&self, token: &IssuedToken) -> bool {
        self.shared.act(|session, now| session.invalidate(token, now))
    }

    /// Takes over a token from elsewhere, such as a store, in place of what there is. Who waits goes on with it. A
    /// provider that has been [shut down](Self::shutdown) takes none.
    pub fn seed(&self, token: DelegatedAccessToken, expiry: Expiry) {
        self.shared.begin_anew(|inner, now| {
            if !inner.is_shut_down {
                inner.session.seed(token, expiry, now);
            }
        });
    }

    /// Forgets the token, and every failure. Who waits goes on with another attempt.
    pub fn clear(&self) {
        self.shared.begin_anew(|inner, now| inner.session.clear(now));
    }

    /// Reads the secret from elsewhere from now on. A valid token stays; who waits goes on with another attempt.
    pub fn replace_secret(&self, secret: impl SecretSource + 'static) {
        self.shared.set_secret(Arc::new(secret));
        self.shared.begin_anew(|inner, now| inner.session.replace_secret(now));
    }

    /// What there is, for a health check.
    #[must_use]
    pub fn state(&self) -> ProviderState {
        self.shared.act(|session, now| session.state(now))
    }

    /// Tells `observer` what happens, after it has happened and in that order; it is called on a thread where
    /// something did, with no lock held, and should return soon. Its panics end there. Who observes already goes on.
    pub fn on_event(&self, observer: impl Fn(&Event) + Send + Sync + 'static) {
        self.shared.add_observer(Arc::new(observer));
    }

    /// Clears the service's cache of tokens, and then this one.
    ///
    /// # Errors
    /// [`TokenError`] of the secret or of the call; the token then stays.
    pub async fn delete_token_cache(&self) -> Result<(), TokenError> {
        let client = self.shared.client();
        let source = self.shared.secret_source();
        let secret = read_secret(&*source, client).await?;
        client.delete_token_cache(&ApiCredential::new(secret, self.user_principal_name())).await?;
        self.clear();
        Ok(())
    }

    /// Ends the provider: waits for an attempt under way, and then gives what there is for a store, to be
    /// [seeded](Self::seed) elsewhere. From the call on no attempt is started, and afterwards nobody gets a token.
    pub fn shutdown(&self) -> impl Future<Output = Option<(DelegatedAccessToken, Expiry)>> + Send {
        self.shared.close();
        async {
            self.shared.landed().await;
            self.shared.release()
        }
    }
}

impl TokenSource for TokenProvider {
    fn token(&self) -> TokenFuture<'_> {
        self.token()
    }

    fn peek(&self) -> Option<IssuedToken> {
        self.peek()
    }

    fn invalidate(&self, token: &IssuedToken) -> bool {
        self.invalidate(token)
    }
}

impl fmt::Debug for TokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenProvider").field(&self.shared).finish()
    }
}

//! [`BlockingTokenPool`]: a [`TokenPool`] whose providers wait for their result.

use std::time::Duration;

use cg_auth_core::{
    AuthClient, TokenPool, UserPrincipalName,
    model::DelegatedAccessToken,
    time::ThreadRuntime,
    token::{DurationUnit, Event, Expiry, SecretSource, session::ProviderState, store::TokenStore},
};

use super::BlockingTokenProvider;

/// One [`BlockingTokenProvider`] for each user on whose behalf a program acts: a [`TokenPool`] for threads. A clone is
/// the same pool. A `with_*` method makes another pool, without users, so set the options first.
///
/// Capacity, idle time, the 16 acquisitions at once and what users learn from each other's failures are those of
/// [`TokenPool`]. An acquisition that waits for its turn occupies no thread but those of its callers. The client
/// is made as for a [`BlockingTokenProvider`].
///
/// ```
/// use cg_auth_emulator::Emulator;
/// use cg_auth_ureq::{AuthClient, BlockingTokenPool, ThreadRuntime, UreqTransport};
///
/// # let service = Emulator::start_blocking()?;
/// # let base_url = service.base_url().clone();
/// # let user = service.credential().user_principal_name().clone();
/// # let secret = service.credential().client_secret().clone();
/// let transport = UreqTransport::new()?;
/// let client = AuthClient::with_runtime(base_url, transport, ThreadRuntime::new());
/// let pool = BlockingTokenPool::new(client, secret).with_capacity(500);
///
/// let token = pool.for_user(&user).token()?;
/// assert!(pool.for_user(&user).token()?.is_same_issue(&token));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct BlockingTokenPool {
    pool: TokenPool,
}

impl BlockingTokenPool {
    /// A pool over `client`. The secret is read before each acquisition, on a thread of the runtime, so the source
    /// may block.
    #[must_use]
    pub fn new(client: AuthClient, secret: impl SecretSource + 'static) -> Self {
        TokenPool::new(client, secret).into()
    }

    /// The provider of `user`. It starts no acquisition.
    #[must_use]
    pub fn for_user(&self, user: &UserPrincipalName) -> BlockingTokenProvider {
        self.pool.for_user(user).into()
    }

    /// Forgets every token, every failure and each user who is not in use. Waiters go on with a new acquisition. An
    /// old one is cancelled, unless a refresh token of it is on the wire.
    pub fn clear(&self) {
        self.pool.clear();
    }

    /// Reads the secret of all users from another source from now on. Valid tokens stay.
    pub fn replace_secret(&self, secret: impl SecretSource + 'static) {
        self.pool.replace_secret(secret);
    }

    /// The state of each user, in the order of last use, for a health check. The least recently used user is the
    /// first. The list includes the users that the next [`for_user`](Self::for_user) may evict.
    #[must_use]
    pub fn states(&self) -> Vec<ProviderState> {
        self.pool.states()
    }

    /// Notifies `observer` of each event and its user, as [`BlockingTokenProvider::on_event`] does.
    pub fn on_event(&self, observer: impl Fn(&UserPrincipalName, &Event) + Send + Sync + 'static) {
        self.pool.on_event(observer);
    }

    /// Ends the pool: waits for every acquisition in flight, also those that wait for a permit, and hands out the
    /// tokens for a store, to be [seeded](BlockingTokenProvider::seed) elsewhere.
    ///
    /// No acquisition starts after this call, and threads without a token get an error.
    pub fn shutdown(&self) -> Vec<(UserPrincipalName, DelegatedAccessToken, Expiry)> {
        ThreadRuntime::block_on(self.pool.shutdown())
    }

    /// Sets the capacity: how many users the pool keeps, not counting those in use. Default: 10,000.
    #[must_use]
    pub fn with_capacity(self, capacity: usize) -> Self {
        self.pool.with_capacity(capacity).into()
    }

    /// Sets the idle time: how long the pool keeps a user who is not in use. Default: an hour.
    #[must_use]
    pub fn with_idle_time(self, idle_time: Duration) -> Self {
        self.pool.with_idle_time(idle_time).into()
    }

    /// Sets the number of acquisitions at once, at least 1. Default: 16.
    #[must_use]
    pub fn with_max_acquisitions(self, max: usize) -> Self {
        self.pool.with_max_acquisitions(max).into()
    }

    /// Sets the unit of the wire's `duration`. Default: seconds.
    #[must_use]
    pub fn with_duration_unit(self, unit: DurationUnit) -> Self {
        self.pool.with_duration_unit(unit).into()
    }

    /// Shares the tokens in `store` with every process that uses the same users, secret and service: see
    /// [`TokenPool::with_store`]. Default: none.
    #[must_use]
    pub fn with_store(self, store: impl TokenStore + 'static) -> Self {
        self.pool.with_store(store).into()
    }

    /// The number of users, including those that the next [`for_user`](Self::for_user) may evict.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pool.len()
    }

    /// Whether the pool has no users.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pool.is_empty()
    }

    /// The same pool for async code, with the same tokens and the same acquisitions.
    #[must_use]
    pub const fn as_async(&self) -> &TokenPool {
        &self.pool
    }
}

/// The same pool. Its client needs a runtime that goes on while the calling thread waits, such as
/// [`ThreadRuntime`].
impl From<TokenPool> for BlockingTokenPool {
    fn from(pool: TokenPool) -> Self {
        Self { pool }
    }
}

/// The same pool, for async code.
impl From<BlockingTokenPool> for TokenPool {
    fn from(blocking: BlockingTokenPool) -> Self {
        blocking.pool
    }
}

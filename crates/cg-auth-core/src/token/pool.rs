//! [`TokenPool`]: the tokens of many users over one client.

mod entry;
#[cfg(all(test, shuttle))]
mod interleavings;
mod name_hash;
mod table;
mod users;

use std::{fmt, future::poll_fn, sync::Arc, task::Poll, time::Duration};

use self::{table::Table, users::Users};
use super::{
    DurationUnit, Event, EvictionCause, Expiry, SecretSource, TokenProvider,
    fleet::{Fleet, SharedStore},
    flight::Semaphore,
    session::{ProviderState, Session},
    shared_back_off::SharedBackOff,
    store::TokenStore,
    sync::{Mutex, lock},
};
use crate::{
    client::AuthClient,
    model::{DelegatedAccessToken, UserPrincipalName},
};

/// One [`TokenProvider`] for each user on whose behalf a program acts, over one client and one secret source.
/// A clone is the same pool. A `with_*` method makes another pool, without users, so set the options first.
///
/// **Users.** Names that differ only in the case of ASCII letters are one user, with one token. The first
/// spelling is sent to the service and passed to observers, until the pool evicts the user.
///
/// **Capacity and idle time.** The pool evicts a user after the [idle time](Self::with_idle_time) without a
/// call of [`for_user`](Self::for_user), and the least recently used user beyond its
/// [capacity](Self::with_capacity). It never evicts a user in use: one whose provider the program keeps, or
/// whose acquisition runs in a background task. Each call of `for_user` checks a few users. Observers are
/// notified of each [eviction](Event::Evicted).
///
/// **Acquisitions.** At most [16 acquisitions](Self::with_max_acquisitions) run at once, in order of arrival.
/// Each holds a permit of a fair semaphore while it reads its secret and makes its calls; callers with a
/// valid token wait for no permit. If the runtime cannot spawn, an acquisition takes no permit, and the limit
/// does not hold. An acquisition whose runtime stands still gives its permit back after three
/// [time limits](AuthClient::with_timeout) of the client. A secret source must not wait for a token of the same pool.
///
/// **Failures.** All users share the client's budget of [retries](crate::RetryPolicy). They learn from each
/// other that the secret is refused, and that the service is down: then one user at a time probes it. The
/// guide to [many users](crate::docs::guides::many_users) says more.
///
/// ```
/// use cg_auth_core::testing::{ManualClock, ScriptedTransport};
/// use cg_auth_core::{AuthClient, BaseUrl, ClientSecret, TokenPool, UserPrincipalName};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let answer = r#"{"value":{"access_token":"eyJ","duration":3600},"isSuccess":true}"#;
/// let transport = ScriptedTransport::new().answer(http::Response::new(answer.into()));
/// let base = BaseUrl::parse("https://example.com")?;
/// let client = AuthClient::with_runtime(base, transport, ManualClock::new());
/// let pool = TokenPool::new(client, ClientSecret::new("s3cret")?).with_capacity(500);
///
/// for spelling in ["someone@example.com", "Someone@Example.com"] {
///     let user = UserPrincipalName::new(spelling)?;
///     assert_eq!(pool.for_user(&user).token().await?.expose_secret(), "eyJ");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TokenPool {
    client: AuthClient,
    options: Options,
    semaphore: Arc<Semaphore>,
    back_off: Arc<SharedBackOff>,
    /// The users, for calls without the lock.
    table: Arc<Table>,
    state: Arc<Mutex<State>>,
}

#[derive(Clone)]
struct Options {
    capacity: usize,
    idle_time: Duration,
    max_acquisitions: usize,
    duration_unit: DurationUnit,
    store: Option<SharedStore>,
}

struct State {
    users: Users,
    /// How often the program has replaced the secret source, and the source.
    secret: (u64, Arc<dyn SecretSource>),
    observers: Vec<Observer>,
    is_shut_down: bool,
}

type Observer = Arc<dyn Fn(&UserPrincipalName, &Event) + Send + Sync>;

impl TokenPool {
    /// The default capacity.
    pub const DEFAULT_CAPACITY: usize = 10_000;
    /// The default idle time: an hour.
    pub const DEFAULT_IDLE_TIME: Duration = Duration::from_secs(60 * 60);
    /// The default limit on acquisitions at once. The vendor allows its own connector 100 calls a minute.
    pub const DEFAULT_MAX_ACQUISITIONS: usize = 16;

    /// A pool over `client`. It reads the secret before each acquisition.
    #[must_use]
    pub fn new(client: AuthClient, secret: impl SecretSource + 'static) -> Self {
        let options = Options {
            capacity: Self::DEFAULT_CAPACITY,
            idle_time: Self::DEFAULT_IDLE_TIME,
            max_acquisitions: Self::DEFAULT_MAX_ACQUISITIONS,
            duration_unit: DurationUnit::default(),
            store: None,
        };
        Self::with_options(client, options, Arc::new(secret), Vec::new())
    }

    fn with_options(
        client: AuthClient,
        options: Options,
        secret: Arc<dyn SecretSource>,
        observers: Vec<Observer>,
    ) -> Self {
        let users = Users::new(options.capacity, options.idle_time);
        let table = Arc::clone(users.table());
        let state = State { users, secret: (0, secret), observers, is_shut_down: false };
        let state = Arc::new(Mutex::new(state));
        let semaphore = Semaphore::new(options.max_acquisitions, client.clone());
        Self { client, options, semaphore, back_off: Arc::default(), table, state }
    }

    /// Another pool with the client, the secret source and the observers of this one.
    fn with_changed_options(self, options: Options) -> Self {
        let (secret, observers) = {
            let state = lock(&self.state);
            (Arc::clone(&state.secret.1), state.observers.clone())
        };
        Self::with_options(self.client, options, secret, observers)
    }

    /// The provider of `user`. It starts no acquisition. If the pool has the user and none to evict, the call takes
    /// no lock and allocates nothing.
    #[must_use]
    pub fn for_user(&self, user: &UserPrincipalName) -> TokenProvider {
        let nanos = self.client.runtime().coarse_now().monotonic_nanos();
        self.table.hit(user, nanos).unwrap_or_else(|| self.find_or_add(user, nanos))
    }

    /// The provider of `user`, new if the pool does not have the user. It also evicts a few users.
    #[cold]
    fn find_or_add(&self, user: &UserPrincipalName, nanos: u64) -> TokenProvider {
        let now = self.client.runtime().now();
        let mut state = lock(&self.state);
        let idle = state.users.take_idle(user, now, nanos);
        let provider = state.users.find(user, nanos).unwrap_or_else(|| {
            let provider = self.new_provider(&state, user);
            state.users.insert(user.clone(), provider.clone(), nanos);
            provider
        });
        let swept = state.users.sweep(now, nanos);
        drop(state);
        // Outside of the lock, because observers are called and parked acquisitions are dropped.
        let idle = idle.map(|provider| (provider, EvictionCause::Idle));
        for (provider, cause) in idle.into_iter().chain(swept) {
            provider.evicted(cause);
        }
        provider
    }

    /// Forgets every token, every failure and each user who is not in use. Waiters go on with a new
    /// acquisition. An old one is cancelled, unless a refresh token of it is on the wire.
    pub fn clear(&self) {
        let now = self.client.runtime().now();
        let mut state = lock(&self.state);
        let unused = state.users.take_unused(now);
        drop(state);
        drop(unused);
        self.back_off.forget_failures();
        self.providers().iter().for_each(|(_, provider)| provider.clear());
    }

    /// Reads the secret of all users from another source from now on. Valid tokens stay.
    pub fn replace_secret(&self, secret: impl SecretSource + 'static) {
        let source: Arc<dyn SecretSource> = Arc::new(secret);
        let mut state = lock(&self.state);
        let version = state.secret.0 + 1;
        let before = std::mem::replace(&mut state.secret, (version, Arc::clone(&source)));
        drop(state);
        self.back_off.forget_failures();
        // Two calls at once may reach a user in either order. The version decides which one counts.
        for (_, provider) in self.providers() {
            provider.replace_secret_of_pool(version, Arc::clone(&source));
        }
        // Dropped outside of the lock, because it is code of the program.
        drop(before);
    }

    /// The state of each user, in the order of last use, for a health check. The least recently used user is
    /// the first. The list includes the users that the next [`for_user`](Self::for_user) may evict.
    #[must_use]
    pub fn states(&self) -> Vec<ProviderState> {
        self.providers().iter().map(|(_, provider)| provider.state()).collect()
    }

    /// Notifies `observer` of each event and its user, as [`TokenProvider::on_event`] does.
    pub fn on_event(&self, observer: impl Fn(&UserPrincipalName, &Event) + Send + Sync + 'static) {
        let observer: Observer = Arc::new(observer);
        let mut state = lock(&self.state);
        state.users.list().iter().for_each(|entry| observe(&entry.provider, &entry.user, &observer));
        state.observers.push(observer);
    }

    /// Ends the pool: waits for every acquisition in flight, also those that wait for a permit, and hands out
    /// the tokens for a store, to be [seeded](TokenProvider::seed) elsewhere.
    ///
    /// No acquisition starts after this call. Dropping the future before it is ready loses no token.
    pub fn shutdown(
        &self,
    ) -> impl Future<Output = Vec<(UserPrincipalName, DelegatedAccessToken, Expiry)>> + Send + use<> {
        lock(&self.state).is_shut_down = true;
        let providers = self.providers();
        providers.iter().for_each(|(_, provider)| provider.close());
        async move {
            // Several at a time, since a parked acquisition goes on only while this future polls it.
            for some in providers.chunks(AT_A_TIME) {
                let mut waits: Vec<_> =
                    some.iter().map(|(_, provider)| Box::pin(provider.wait_until_idle())).collect();
                poll_fn(|context| {
                    waits.retain_mut(|wait| wait.as_mut().poll(context).is_pending());
                    if waits.is_empty() { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }
            let mut released = Vec::new();
            for (user, provider) in providers {
                let kept = provider.shutdown().await;
                released.extend(kept.map(|(token, expiry)| (user, token, expiry)));
            }
            released
        }
    }

    /// Sets the capacity: how many users the pool keeps, not counting those in use. Default: 10,000.
    #[must_use]
    pub fn with_capacity(self, capacity: usize) -> Self {
        let options = Options { capacity, ..self.options.clone() };
        self.with_changed_options(options)
    }

    /// Sets the idle time: how long the pool keeps a user who is not in use. Default: an hour.
    #[must_use]
    pub fn with_idle_time(self, idle_time: Duration) -> Self {
        let options = Options { idle_time, ..self.options.clone() };
        self.with_changed_options(options)
    }

    /// Sets the number of acquisitions at once, at least 1. Default: 16.
    #[must_use]
    pub fn with_max_acquisitions(self, max: usize) -> Self {
        let options = Options { max_acquisitions: max.max(1), ..self.options.clone() };
        self.with_changed_options(options)
    }

    /// Sets the unit of the wire's `duration`. Default: seconds.
    #[must_use]
    pub fn with_duration_unit(self, unit: DurationUnit) -> Self {
        let options = Options { duration_unit: unit, ..self.options.clone() };
        self.with_changed_options(options)
    }

    /// Shares the tokens in `store` with every process that uses the same users, secret and service: see
    /// [`TokenProvider::with_store`]. Default: none.
    #[must_use]
    pub fn with_store(self, store: impl TokenStore + 'static) -> Self {
        let options = Options { store: Some(SharedStore::new(store)), ..self.options.clone() };
        self.with_changed_options(options)
    }

    /// The number of users, including those that the next [`for_user`](Self::for_user) may evict.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.state).users.len()
    }

    /// Whether the pool has no users.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn new_provider(&self, state: &State, user: &UserPrincipalName) -> TokenProvider {
        let session = Session::new(user.clone()).with_duration_unit(self.options.duration_unit);
        let (client, secret) = (self.client.clone(), state.secret.clone());
        let (semaphore, back_off) = (Arc::clone(&self.semaphore), Arc::clone(&self.back_off));
        let fleet = self.options.store.clone();
        let fleet = fleet.map(|store| Fleet::new(client.clone(), store));
        let provider = TokenProvider::of_pool(client, session, secret, semaphore, back_off, fleet);
        state.observers.iter().for_each(|observer| observe(&provider, user, observer));
        if state.is_shut_down {
            provider.close();
        }
        provider
    }

    fn providers(&self) -> Vec<(UserPrincipalName, TokenProvider)> {
        let entries = lock(&self.state).users.list();
        entries.iter().map(|entry| (entry.user.clone(), entry.provider.clone())).collect()
    }
}

impl fmt::Debug for TokenPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (acquiring, waiting) = self.semaphore.counts();
        f.debug_struct("TokenPool")
            .field("users", &self.len())
            .field("capacity", &self.options.capacity)
            .field("acquiring", &acquiring)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

fn observe(provider: &TokenProvider, user: &UserPrincipalName, observer: &Observer) {
    let (user, observer) = (user.clone(), Arc::clone(observer));
    provider.on_event(move |event| observer(&user, event));
}

/// How many users a shutdown waits for together.
const AT_A_TIME: usize = 64;

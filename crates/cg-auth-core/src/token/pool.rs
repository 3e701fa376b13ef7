//! [`TokenPool`]: the tokens of many users, over one client.

mod users;

use std::{fmt, sync::Arc, time::Duration};

use self::users::Users;
use super::{
    DurationUnit, Event, Expiry, SecretSource, TokenProvider, permits::Permits, session::Session, turn::Turns,
};
use crate::{
    client::AuthClient,
    model::{DelegatedAccessToken, UserPrincipalName},
    sync::{Mutex, lock},
};

/// One [`TokenProvider`] for each user on whose behalf a program acts, over one client and one secret source.
///
/// A clone is the same pool, and an option that is set on one is set on all.
///
/// **Users.** Names that differ only in the case of ASCII letters are one user, with one provider and one token. The
/// spelling of whoever asks first is sent to the service and told to observers, until the user is forgotten.
///
/// **Bounds.** The pool forgets a user, token and refresh token included, who was not asked for during the
/// [idle time](Self::with_idle_time), and the one who was not asked for the longest where there are more than its
/// [capacity](Self::with_capacity). It never forgets a user whose provider somebody keeps, or whose token is being
/// got in a task of its own: as long as a program keeps a provider, it is given that same one. So there may be more
/// users than the capacity, as many as are in use. Nothing runs in the background: [`for_user`](Self::for_user)
/// looks at a few of those who were not asked for the longest, who count as asked for where they are in use. An
/// idle user whom nobody looks at stays in memory, yet is forgotten before being asked for again. The monotonic
/// clock counts.
///
/// **Acquisitions.** [At most so many](Self::with_max_acquisitions) attempts to get a token are made at once, the
/// reading of the secret included; the others wait for their turn, first come, first served. A caller whose token
/// is still good waits for none of that, and the turn of an attempt does not depend on who waits for it. Where
/// nothing can be spawned, an attempt moves on only when somebody is polled: then those whose attempts wait for
/// their turn move on the ones that are ahead of them, so that a future which is kept and not polled, or was
/// dropped, stands in nobody's way; that holds among those who are polled under one
/// [executor](crate::time::Runtime::executor). A secret source must not wait for a token of the same pool.
///
/// **Retries.** All users share the client, and with it one budget of [retries](crate::RetryPolicy): a service that
/// is down gets about one request for each attempt, however many users there are.
///
/// ```
/// use cg_auth_core::{
///     AuthClient, BaseUrl, ClientSecret, TokenPool, UserPrincipalName,
///     testing::{ManualClock, ScriptedTransport},
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let answer = r#"{"value":{"access_token":"eyJ","refresh_token":"abc","duration":3600},"isSuccess":true}"#;
/// let transport = ScriptedTransport::new().answer(http::Response::new(answer.into()));
/// let client = AuthClient::with_runtime(BaseUrl::parse("https://example.com")?, transport, ManualClock::new());
/// let pool = TokenPool::new(client, ClientSecret::new("s3cret")?).with_capacity(500);
///
/// let user = UserPrincipalName::new("someone@example.com")?;
/// assert_eq!(pool.for_user(&user).token().await?.expose_secret(), "eyJ");
/// let same_user = UserPrincipalName::new("Someone@Example.com")?;
/// assert_eq!(pool.for_user(&same_user).token().await?.expose_secret(), "eyJ");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TokenPool {
    shared: Arc<Shared>,
}

struct Shared {
    client: AuthClient,
    turns: Arc<Turns>,
    state: Mutex<State>,
}

struct State {
    users: Users,
    secret: Arc<dyn SecretSource>,
    duration_unit: DurationUnit,
    observers: Vec<Observer>,
    is_shut_down: bool,
}

type Observer = Arc<dyn Fn(&UserPrincipalName, &Event) + Send + Sync>;

impl TokenPool {
    /// How many users are kept unless told otherwise.
    pub const DEFAULT_CAPACITY: usize = 10_000;
    /// How long a user is kept who is not asked for, unless told otherwise: an hour.
    pub const DEFAULT_IDLE_TIME: Duration = Duration::from_secs(60 * 60);
    /// How many tokens are got at once unless told otherwise. The vendor lets its own connector make 100 calls a
    /// minute.
    pub const DEFAULT_MAX_ACQUISITIONS: usize = 16;

    /// Tokens over `client`. The secret is read before each attempt.
    #[must_use]
    pub fn new(client: AuthClient, secret: impl SecretSource + 'static) -> Self {
        let state = State {
            users: Users::new(Self::DEFAULT_CAPACITY, Self::DEFAULT_IDLE_TIME),
            secret: Arc::new(secret),
            duration_unit: DurationUnit::default(),
            observers: Vec::new(),
            is_shut_down: false,
        };
        let turns = Permits::new(Self::DEFAULT_MAX_ACQUISITIONS);
        Self { shared: Arc::new(Shared { client, turns, state: Mutex::new(state) }) }
    }

    /// The same pool, keeping at most so many users, those in use aside.
    #[must_use]
    pub fn with_capacity(self, capacity: usize) -> Self {
        lock(&self.shared.state).users.set_capacity(capacity);
        self
    }

    /// The same pool, keeping a user for so long who is neither asked for nor in use.
    #[must_use]
    pub fn with_idle_time(self, idle_time: Duration) -> Self {
        lock(&self.shared.state).users.set_idle_time(idle_time);
        self
    }

    /// The same pool, getting at most so many tokens at once, and one at least.
    #[must_use]
    pub fn with_max_acquisitions(self, max: usize) -> Self {
        self.shared.turns.set_limit(max.max(1));
        self
    }

    /// The same pool with another unit of the wire's `duration`, for users who come from now on. Default: seconds.
    #[must_use]
    pub fn with_duration_unit(self, unit: DurationUnit) -> Self {
        lock(&self.shared.state).duration_unit = unit;
        self
    }

    /// The provider of that user. It starts nothing.
    #[must_use]
    pub fn for_user(&self, user: &UserPrincipalName) -> TokenProvider {
        let now = self.shared.client.runtime().now();
        let mut state = lock(&self.shared.state);
        let idle = state.users.take_idle(user, now);
        let provider = state.users.find(user, now).unwrap_or_else(|| {
            let provider = self.new_provider(&state, user);
            state.users.insert(user.clone(), provider.clone(), now);
            provider
        });
        let swept = state.users.sweep(now);
        drop(state);
        // Outside of the lock: with a provider goes an attempt that nobody moves on, and others are woken.
        drop((idle, swept));
        provider
    }

    /// How many users there are. Those who are not in use may be forgotten at the next call.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.shared.state).users.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets every token and every failure, and each user who is not in use. Who waits goes on with another
    /// attempt; one of before that is on the wire keeps its turn until it ends.
    pub fn clear(&self) {
        let mut state = lock(&self.shared.state);
        let unused = state.users.take_unused();
        drop(state);
        drop(unused);
        self.providers().iter().for_each(|(_, provider)| provider.clear());
    }

    /// Reads the secret from elsewhere from now on, for all users. Valid tokens stay; who waits goes on with another
    /// attempt.
    pub fn replace_secret(&self, secret: impl SecretSource + 'static) {
        let secret: Arc<dyn SecretSource> = Arc::new(secret);
        let before = std::mem::replace(&mut lock(&self.shared.state).secret, Arc::clone(&secret));
        for (_, provider) in self.providers() {
            provider.replace_secret(Arc::clone(&secret));
        }
        // Outside of the lock: its owner may look here once more.
        drop(before);
    }

    /// Tells `observer` what happens, and to whose token, as [`TokenProvider::on_event`] does.
    pub fn on_event(&self, observer: impl Fn(&UserPrincipalName, &Event) + Send + Sync + 'static) {
        let observer: Observer = Arc::new(observer);
        let mut state = lock(&self.shared.state);
        state.users.iter().for_each(|(user, provider)| observe(provider, user, &observer));
        state.observers.push(observer);
    }

    /// Ends the pool: waits for every attempt under way, those included that wait for their turn, and then gives
    /// what there is for a store, to be [seeded](TokenProvider::seed) elsewhere. From the call on no attempt is
    /// started, and afterwards nobody gets a token. Dropping the future before its end loses no token.
    pub fn shutdown(
        &self,
    ) -> impl Future<Output = Vec<(UserPrincipalName, DelegatedAccessToken, Expiry)>> + Send + use<> {
        lock(&self.shared.state).is_shut_down = true;
        let providers = self.providers();
        providers.iter().for_each(|(_, provider)| provider.close());
        async move {
            for (_, provider) in &providers {
                provider.landed().await;
            }
            let mut released = Vec::new();
            for (user, provider) in providers {
                let kept = provider.shutdown().await;
                released.extend(kept.map(|(token, expiry)| (user, token, expiry)));
            }
            released
        }
    }

    fn new_provider(&self, state: &State, user: &UserPrincipalName) -> TokenProvider {
        let session = Session::new(user.clone()).with_duration_unit(state.duration_unit);
        let Shared { client, turns, .. } = &*self.shared;
        let provider =
            TokenProvider::of_pool(client.clone(), session, Arc::clone(&state.secret), Arc::clone(turns));
        state.observers.iter().for_each(|observer| observe(&provider, user, observer));
        if state.is_shut_down {
            provider.close();
        }
        provider
    }

    fn providers(&self) -> Vec<(UserPrincipalName, TokenProvider)> {
        let state = lock(&self.shared.state);
        state.users.iter().map(|(user, provider)| (user.clone(), provider.clone())).collect()
    }
}

impl fmt::Debug for TokenPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (acquiring, waiting) = self.shared.turns.counts();
        let (users, capacity) = {
            let state = lock(&self.shared.state);
            (state.users.len(), state.users.capacity())
        };
        f.debug_struct("TokenPool")
            .field("users", &users)
            .field("capacity", &capacity)
            .field("acquiring", &acquiring)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

fn observe(provider: &TokenProvider, user: &UserPrincipalName, observer: &Observer) {
    let (user, observer) = (user.clone(), Arc::clone(observer));
    provider.on_event(move |event| observer(&user, event));
}

//! [`Store`]: a simulated store. Operations take time, are lost, and happen late.

use std::{
    fmt,
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    testing::ScriptedStore,
    token::store::{
        Claim, Claimed, EntryOwner, Holder, Publication, Published, StoreEntry, StoreError, TokenStore,
    },
};

use crate::world::{Host, World};

/// The store, as all processes see it. A clone is the same store.
#[derive(Clone)]
pub(crate) struct Store {
    world: Arc<World>,
    latency: Option<Duration>,
    keeps_deadlines: bool,
    inner: ScriptedStore,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_down: bool,
    is_hanging: bool,
    cut_off: Vec<bool>,
    /// How many answers are lost.
    lost: usize,
    /// How many publications arrive just in time.
    slow: usize,
    /// How many claims and publications arrive too late, and how late.
    late_claims: (usize, Duration),
    late_publications: (usize, Duration),
    operations: Vec<usize>,
    /// When each operation began.
    times: Vec<Duration>,
    leases: Vec<(Holder, usize, Duration)>,
    /// The fault of the next host that gets the lease.
    fault: Option<HolderFault>,
    strike: Option<Strike>,
}

/// Strikes a host.
type Strike = Arc<dyn Fn(usize, HolderFault) + Send + Sync>;

/// What happens to the host that gets the next lease.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HolderFault {
    Crash,
    Freeze(Duration),
}

impl Store {
    /// `latency` is the time of each operation on its way, and on its way back. By default it differs.
    pub(crate) fn new(
        world: &Arc<World>,
        hosts: usize,
        latency: Option<Duration>,
        keeps_deadlines: bool,
    ) -> Self {
        let clock = Host {
            world: Arc::clone(world),
            number: None,
            origin: Duration::from_secs(77),
            wall_ahead: Duration::from_secs(30),
        };
        let state = State { cut_off: vec![false; hosts], operations: vec![0; hosts], ..State::default() };
        Self {
            world: Arc::clone(world),
            latency,
            keeps_deadlines,
            inner: ScriptedStore::new(clock),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The store as one host sees it.
    pub(crate) fn of_host(&self, host: usize) -> StoreOfHost {
        StoreOfHost { store: self.clone(), host }
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    pub(crate) fn set_hanging(&self, is_hanging: bool) {
        self.state().is_hanging = is_hanging;
    }

    pub(crate) fn set_cut_off(&self, host: usize, is_cut_off: bool) {
        self.state().cut_off[host] = is_cut_off;
    }

    pub(crate) fn lose_answers(&self, count: usize) {
        self.state().lost += count;
    }

    pub(crate) fn slow_publications(&self, count: usize) {
        self.state().slow += count;
    }

    pub(crate) fn delay_claims(&self, count: usize, late: Duration) {
        self.state().late_claims = (count, late);
    }

    pub(crate) fn delay_publications(&self, count: usize, late: Duration) {
        self.state().late_publications = (count, late);
    }

    /// Calls `strike` once the next host gets the lease.
    pub(crate) fn strike_next_holder(
        &self,
        fault: HolderFault,
        strike: impl Fn(usize, HolderFault) + Send + Sync + 'static,
    ) {
        let mut state = self.state();
        state.fault = Some(fault);
        state.strike = Some(Arc::new(strike));
    }

    /// Whether `host` has the lease of any entry.
    pub(crate) fn is_holder(&self, host: usize) -> bool {
        let now = self.world.now();
        self.state().leases.iter().any(|(_, holder, end)| *holder == host && *end > now)
    }

    /// How many operations each host has begun.
    pub(crate) fn operations(&self) -> Vec<usize> {
        self.state().operations.clone()
    }

    /// When each operation of any host began.
    pub(crate) fn times(&self) -> Vec<Duration> {
        self.state().times.clone()
    }

    /// Carries out one operation of `host`, which learns how long it was on its way.
    async fn operate<T: Send + 'static, F: Future<Output = Result<T, StoreError>> + Send + 'static>(
        &self,
        host: usize,
        operation: impl FnOnce(Duration) -> F + Send + 'static,
        is_publication: bool,
    ) -> Result<T, StoreError> {
        let (is_hanging, is_unreachable, late) = {
            let mut state = self.state();
            state.operations[host] += 1;
            state.times.push(self.world.now());
            let late = state.delay(is_publication);
            (state.is_hanging, state.is_down || state.cut_off[host], late)
        };
        if is_hanging {
            pending::<()>().await;
        }
        if is_unreachable {
            self.world.sleep(Duration::from_millis(2)).await;
            return Err(StoreError::new("connection refused"));
        }
        let any = || self.world.random(|random| Duration::from_micros(random.u64(200..40_000)));
        let latency = || self.latency.unwrap_or_else(any);
        let (there, back) = (latency() + late, latency());
        let store = self.clone();
        let exchange = async move {
            store.world.sleep(there).await;
            if store.keeps_deadlines && there > DEADLINE {
                return Err(StoreError::new("the operation comes late"));
            }
            let on_the_way = if store.keeps_deadlines { there } else { Duration::ZERO };
            let result = operation(on_the_way).await;
            store.world.sleep(back).await;
            let mut state = store.state();
            if state.lost > 0 {
                state.lost -= 1;
                return Err(StoreError::new("the answer is lost"));
            }
            result
        };
        self.world.sent(exchange).await
    }

    fn note_lease(&self, host: usize, holder: Holder, lasts: Duration) {
        let now = self.world.now();
        let mut state = self.state();
        let is_new = !state.leases.iter().any(|(known, ..)| *known == holder);
        state.leases.retain(|(known, _, end)| *known != holder && *end > now);
        state.leases.push((holder, host, now + lasts));
        let strike = state.fault.take_if(|_| is_new).zip(state.strike.clone());
        drop(state);
        if let Some((fault, strike)) = strike {
            strike(host, fault);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    /// How much longer an operation is on its way.
    fn delay(&mut self, is_publication: bool) -> Duration {
        let late = if is_publication { &mut self.late_publications } else { &mut self.late_claims };
        if late.0 > 0 {
            late.0 -= 1;
            return late.1;
        }
        let is_slow = is_publication && self.slow > 0;
        self.slow -= usize::from(is_slow);
        if is_slow { Duration::from_millis(450) } else { Duration::ZERO }
    }
}

/// The way of one host to the store.
#[derive(Clone)]
pub(crate) struct StoreOfHost {
    store: Store,
    host: usize,
}

#[async_trait]
impl TokenStore for StoreOfHost {
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry {
        self.store.inner.entry(owner)
    }

    async fn claim(&self, entry: &StoreEntry, claim: &Claim) -> Result<Claimed, StoreError> {
        let (store, host, entry, claim) = (self.store.clone(), self.host, entry.clone(), claim.clone());
        let operation = move |_| async move {
            let claimed = store.inner.claim(&entry, &claim).await?;
            if let (Claimed::Won(_), Some(lasts)) = (&claimed, claim.lease) {
                store.note_lease(host, claim.holder, lasts);
            }
            store.world.log(format_args!("host {host} claims: {}", short(&claimed)));
            Ok(claimed)
        };
        self.store.operate(self.host, operation, false).await
    }

    async fn publish(
        &self,
        entry: &StoreEntry,
        holder: Holder,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        let (store, host) = (self.store.clone(), self.host);
        let (entry, mut publication) = (entry.clone(), publication.clone());
        let operation = move |on_the_way: Duration| async move {
            // The lifetime counts from the call.
            if let Publication::Token(token) = &mut publication {
                token.left = token.left.map(|left| left.saturating_sub(on_the_way));
            }
            let published = store.inner.publish(&entry, holder, &publication).await?;
            store.state().leases.retain(|(known, ..)| *known != holder);
            let what = match &publication {
                Publication::Token(token) => token.access_token.expose_secret().to_owned(),
                other => format!("{other:?}"),
            };
            store.world.log(format_args!("host {host} publishes {what}: {published:?}"));
            Ok(published)
        };
        self.store.operate(self.host, operation, true).await
    }

    async fn remove(&self, entry: &StoreEntry) -> Result<(), StoreError> {
        let (store, entry) = (self.store.clone(), entry.clone());
        let operation = move |_| async move { store.inner.remove(&entry).await };
        self.store.operate(self.host, operation, false).await
    }
}

impl fmt::Debug for StoreOfHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreOfHost({})", self.host)
    }
}

fn short(claimed: &Claimed) -> String {
    match claimed {
        Claimed::Token(token) => token.access_token.expose_secret().to_owned(),
        other => format!("{other:?}"),
    }
}

/// How long a process waits for an operation.
const DEADLINE: Duration = Duration::from_millis(500);

//! [`Shared`]: the session of a provider, what it publishes, and who observes it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use arc_swap::ArcSwap;

use super::pilot::Pilot;
use crate::{
    client::AuthClient,
    model::{ClientSecret, DelegatedAccessToken},
    time::{Now, Runtime},
    token::{
        AttemptId, Event, Expiry, IssuedToken, SecretSource, Session, Snapshot, Step, TokenError,
        flight::{Flight, Outcome},
    },
};

/// What all clones of a provider share.
pub(in crate::token) struct Shared {
    /// Read by hits, written under the lock of the session only.
    snapshot: ArcSwap<Snapshot>,
    inner: Mutex<Inner>,
    client: AuthClient,
    secret: Mutex<Arc<dyn SecretSource>>,
    observers: Mutex<Vec<Observer>>,
    /// For the tasks of attempts, which do not keep a provider alive.
    own: Weak<Self>,
}

struct Inner {
    session: Session,
    /// There as long as the session has an attempt under way.
    flight: Option<Arc<Flight>>,
    is_shut_down: bool,
}

pub(super) type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

impl Shared {
    pub(super) fn new(client: AuthClient, session: Session, secret: Arc<dyn SecretSource>) -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            snapshot: ArcSwap::from_pointee(session.snapshot()),
            inner: Mutex::new(Inner { session, flight: None, is_shut_down: false }),
            client,
            secret: Mutex::new(secret),
            observers: Mutex::default(),
            own: own.clone(),
        })
    }

    /// A token that needs no decision. This is what nearly every call comes to.
    #[inline]
    pub(in crate::token) fn hit(&self) -> Option<IssuedToken> {
        self.snapshot.load().token(self.runtime().glance()).cloned()
    }

    /// The same, lent. Gives `use_it` back where there is none.
    #[inline]
    pub(super) fn lend<T, F: FnOnce(&IssuedToken) -> T>(&self, use_it: F) -> Result<T, F> {
        match self.snapshot.load().token(self.runtime().glance()) {
            Some(token) => Ok(use_it(token)),
            None => Err(use_it),
        }
    }

    /// A token that may be served, whether or not it is time for another.
    pub(super) fn valid_token(&self) -> Option<IssuedToken> {
        let inner = lock(&self.inner);
        inner.session.valid_token(self.runtime().now())
    }

    /// A token, by whatever it takes.
    pub(in crate::token) async fn acquire(&self) -> Result<IssuedToken, TokenError> {
        loop {
            let flight = match self.step()? {
                Decision::Serve(token) => return Ok(token),
                Decision::Wait(flight) => flight,
            };
            let outcome = flight.outcome(|| self.runtime().executor()).await;
            // Whoever comes late may find the new token expired or replaced, or the old one still good.
            match (self.hit().or_else(|| self.valid_token()), outcome) {
                (Some(token), Outcome::Ended(_)) => return Ok(token),
                (None, Outcome::Ended(Err(error))) => return Err(error),
                _ => {}
            }
        }
    }

    pub(super) fn prefetch(&self) {
        let _ = self.step();
    }

    /// What the session says, and the start of what it asks for.
    fn step(&self) -> Result<Decision, TokenError> {
        let mut inner = lock(&self.inner);
        let now = self.runtime().now();
        if inner.is_shut_down {
            return inner.session.valid_token(now).map(Decision::Serve).ok_or_else(TokenError::shut_down);
        }
        let step = inner.session.step(now);
        let (served, id) = match step {
            Step::Serve(token) => (Some(token), None),
            Step::ServeAndStart(token, id) => (Some(token), Some(id)),
            Step::Start(id) => (None, Some(id)),
            Step::Wait => (None, None),
            Step::Fail(error) => return Err(error),
        };
        if id.is_some() {
            inner.flight = Some(Arc::default());
        }
        let flight = inner.flight.clone();
        self.publish(&inner.session);
        drop(inner);

        let is_on_its_own = match (id, &flight) {
            (Some(id), Some(flight)) => self.launch(id, flight),
            _ => true,
        };
        Ok(match (served, flight) {
            (Some(token), _) if is_on_its_own => Decision::Serve(token),
            (Some(token), None) => Decision::Serve(token),
            // Without a task of its own the attempt needs somebody who waits: this caller, once.
            (_, Some(flight)) => Decision::Wait(flight),
            (None, None) => return Err(TokenError::lost()),
        })
    }

    /// Whether the attempt has got a task of its own.
    fn launch(&self, id: AttemptId, flight: &Arc<Flight>) -> bool {
        let task = Pilot::new(self.own.clone(), Arc::clone(flight), id).fly();
        match self.runtime().spawn(Box::pin(task)) {
            Ok(()) => true,
            Err(task) => {
                flight.park(task, self.runtime().executor());
                false
            }
        }
    }

    /// Has the session act, publishes what comes of it and tells the observers.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut Session, Now) -> T) -> T {
        let (result, events) = self.act_untold(act);
        self.tell(&events);
        result
    }

    /// The same, for whoever has more to do before the observers are told.
    pub(super) fn act_untold<T>(&self, act: impl FnOnce(&mut Session, Now) -> T) -> (T, Vec<Event>) {
        let mut inner = lock(&self.inner);
        let result = act(&mut inner.session, self.runtime().now());
        self.publish(&inner.session);
        (result, inner.session.take_events())
    }

    /// Has the session begin a new generation; who waits for the attempt of the old one goes on with the new one.
    pub(super) fn begin_anew(&self, act: impl FnOnce(&mut Session, Now)) {
        let mut inner = lock(&self.inner);
        act(&mut inner.session, self.runtime().now());
        self.publish(&inner.session);
        let (flight, events) = (inner.flight.take(), inner.session.take_events());
        drop(inner);
        if let Some(flight) = flight {
            flight.end(Outcome::Gone);
        }
        self.tell(&events);
    }

    /// Ends the flight, which the session does not ask for any more.
    pub(super) fn land(&self, flight: &Arc<Flight>, outcome: Outcome) {
        let mut inner = lock(&self.inner);
        inner.flight.take_if(|current| Arc::ptr_eq(current, flight));
        drop(inner);
        flight.end(outcome);
    }

    pub(super) async fn shut_down(&self) -> Option<(DelegatedAccessToken, Expiry)> {
        while let Some(flight) = self.last_flight() {
            flight.outcome(|| self.runtime().executor()).await;
        }
        self.act(Session::release)
    }

    fn last_flight(&self) -> Option<Arc<Flight>> {
        let mut inner = lock(&self.inner);
        inner.is_shut_down = true;
        inner.flight.clone()
    }

    fn publish(&self, session: &Session) {
        let snapshot = session.snapshot();
        if !self.snapshot.load().is_same(&snapshot) {
            self.snapshot.store(Arc::new(snapshot));
        }
    }

    pub(super) fn tell(&self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let observers = lock(&self.observers).clone();
        events.iter().for_each(|event| observers.iter().for_each(|observer| observer(event)));
    }

    pub(super) fn add_observer(&self, observer: Observer) {
        lock(&self.observers).push(observer);
    }

    pub(super) fn set_secret(&self, secret: Arc<dyn SecretSource>) {
        *lock(&self.secret) = secret;
    }

    pub(super) async fn read_secret(&self) -> Result<ClientSecret, TokenError> {
        let source = Arc::clone(&lock(&self.secret));
        source.read().await.map_err(TokenError::secret)
    }

    pub(super) const fn client(&self) -> &AuthClient {
        &self.client
    }

    pub(super) fn secret_source(&self) -> Arc<dyn SecretSource> {
        Arc::clone(&lock(&self.secret))
    }

    #[inline]
    pub(super) fn runtime(&self) -> &dyn Runtime {
        self.client.runtime()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("session", &lock(&self.inner).session).finish_non_exhaustive()
    }
}

enum Decision {
    Serve(IssuedToken),
    Wait(Arc<Flight>),
}

/// Nobody panics while holding one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

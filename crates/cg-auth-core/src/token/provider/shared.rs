//! [`Shared`]: the session of a provider, its published snapshot and its acquisition in flight.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use super::{observers::Observers, task::AcquisitionTask};
use crate::{
    client::AuthClient,
    time::{BoxFuture, Now, Runtime, within},
    token::{
        IssuedToken, SecretSource, TokenError,
        error::Cause,
        flight::{Flight, Outcome, Semaphore},
        session::{Session, Snapshot, Step},
        source::TokenCache,
        sync::{ArcSwap, Mutex, lock},
    },
};

/// The state that all clones of a provider share.
pub(super) struct Shared {
    /// Read by hits, written under the lock of the session only.
    snapshot: ArcSwap<Snapshot>,
    pub(super) inner: Mutex<Inner>,
    pub(super) client: AuthClient,
    secret: Mutex<Arc<dyn SecretSource>>,
    pub(super) observers: Observers,
    /// Of the pool, if the provider belongs to one.
    pub(super) semaphore: Option<Arc<Semaphore>>,
    /// For the tasks of acquisitions, which do not keep a provider alive.
    own: Weak<Self>,
}

pub(super) struct Inner {
    pub(super) session: Session,
    /// Present while the session has an acquisition in flight.
    pub(super) flight: Option<Arc<Flight>>,
    pub(super) is_shut_down: bool,
}

/// What to do for a caller.
enum Decision {
    Serve(IssuedToken),
    /// Wait for the flight; whether this caller has spawned its task.
    Wait(Arc<Flight>, bool),
}

impl Shared {
    pub(super) fn new(
        client: AuthClient,
        session: Session,
        secret: Arc<dyn SecretSource>,
        semaphore: Option<Arc<Semaphore>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            snapshot: ArcSwap::from_pointee(session.snapshot()),
            inner: Mutex::new(Inner { session, flight: None, is_shut_down: false }),
            client,
            secret: Mutex::new(secret),
            observers: Observers::default(),
            semaphore,
            own: own.clone(),
        })
    }

    /// Lends the token of a hit. Gives `use_it` back on a miss.
    #[inline]
    pub(super) fn lend<T, F: FnOnce(&IssuedToken) -> T>(&self, use_it: F) -> Result<T, F> {
        match self.snapshot.load().token(self.runtime().coarse_now()) {
            Some(token) => Ok(use_it(token)),
            None => Err(use_it),
        }
    }

    /// The token, if it may be served, in any phase.
    pub(super) fn valid_token(&self) -> Option<IssuedToken> {
        self.hit().or_else(|| self.with_session_quietly(Session::valid_token))
    }

    /// Waits for a token and starts an acquisition if there is none in flight.
    async fn wait_for_token(&self) -> Result<IssuedToken, TokenError> {
        let mut may_spawn = true;
        loop {
            let (flight, has_spawned) = match self.step(may_spawn)? {
                Decision::Serve(token) => return Ok(token),
                Decision::Wait(flight, has_spawned) => (flight, has_spawned),
            };
            let outcome = match self.longest_wait() {
                Some(limit) => within(self.runtime(), limit, flight.outcome()).await,
                None => Some(flight.outcome().await),
            };
            // A runtime that drops tasks would drop the next one too, so this caller polls it itself.
            may_spawn &= !(has_spawned && matches!(outcome, Some(Outcome::Dropped)));
            // A late caller may find the new token expired or replaced, or the old one still valid.
            match (outcome, self.valid_token()) {
                (None | Some(Outcome::Ended(_)), Some(token)) => return Ok(token),
                (Some(Outcome::Ended(Err(error))), None) => return Err(error),
                _ => {}
            }
        }
    }

    /// How long a caller waits who could be served a valid token: for half of its rest at most.
    fn longest_wait(&self) -> Option<Duration> {
        let left = self.valid_token()?.expiry().remaining(self.runtime().now())?;
        Some((left / 2).min(LONGEST_WAIT))
    }

    pub(super) fn prefetch(&self) {
        let _ = self.step(true);
    }

    /// Asks the session, starts the acquisition that it asks for, and hands a parked one over.
    fn step(&self, may_spawn: bool) -> Result<Decision, TokenError> {
        let mut inner = lock(&self.inner);
        let now = self.runtime().now();
        if inner.is_shut_down {
            return inner.session.valid_token(now).map(Decision::Serve).ok_or(Cause::ShutDown.into());
        }
        let (served, id) = match inner.session.step(now) {
            Step::Serve(token) => (Some(token), None),
            Step::ServeAndStart(token, id) => (Some(token), Some(id)),
            Step::Start(id) => (None, Some(id)),
            Step::Wait => (None, None),
            Step::Fail(error) => return Err(error),
        };
        if let Some(id) = id {
            inner.flight = Some(Arc::new_cyclic(|flight| {
                let task = AcquisitionTask::new(self.own.clone(), Weak::clone(flight), id);
                Flight::new(Box::pin(task.run()))
            }));
        }
        let flight = inner.flight.clone();
        self.publish(&inner);
        drop(inner);

        let has_spawned = may_spawn && flight.as_ref().is_some_and(|flight| flight.hand_over(self.runtime()));
        match (served, flight) {
            // A parked acquisition needs a waiter: the caller who has started it waits, once.
            (Some(token), _) if id.is_none() || has_spawned => Ok(Decision::Serve(token)),
            (_, Some(flight)) => Ok(Decision::Wait(flight, has_spawned)),
            (_, None) => Err(Cause::Lost.into()),
        }
    }

    /// Has the session act, publishes its snapshot and notifies the observers.
    pub(super) fn with_session<T>(&self, act: impl FnOnce(&mut Session, Now) -> T) -> T {
        let result = self.with_session_quietly(act);
        self.observers.notify();
        result
    }

    /// Like [`with_session`](Self::with_session), without notifying the observers.
    pub(super) fn with_session_quietly<T>(&self, act: impl FnOnce(&mut Session, Now) -> T) -> T {
        let mut inner = lock(&self.inner);
        let result = act(&mut inner.session, self.runtime().now());
        self.publish(&inner);
        self.observers.queue(inner.session.take_events());
        result
    }

    /// Has the session begin a new generation. The waiters of the old one ask the session again.
    pub(super) fn new_generation(&self, act: impl FnOnce(&mut Inner, Now)) {
        let mut inner = lock(&self.inner);
        let before = inner.session.generation();
        act(&mut inner, self.runtime().now());
        let is_new = inner.session.generation() != before;
        let flight = inner.flight.take_if(|_| is_new);
        self.publish(&inner);
        self.observers.queue(inner.session.take_events());
        drop(inner);
        if let Some(flight) = flight {
            flight.end(Outcome::Superseded);
        }
        self.observers.notify();
    }

    pub(super) fn flight(&self) -> Option<Arc<Flight>> {
        lock(&self.inner).flight.clone()
    }

    pub(super) fn set_secret(&self, secret: Arc<dyn SecretSource>) {
        let before = std::mem::replace(&mut *lock(&self.secret), secret);
        // Dropped outside of the lock, because it is user code.
        drop(before);
    }

    pub(super) fn secret_source(&self) -> Arc<dyn SecretSource> {
        Arc::clone(&lock(&self.secret))
    }

    #[inline]
    pub(super) fn runtime(&self) -> &dyn Runtime {
        self.client.runtime()
    }

    fn publish(&self, inner: &Inner) {
        let snapshot = inner.session.snapshot();
        if !self.snapshot.load().is_same(&snapshot) {
            self.snapshot.store(Arc::new(snapshot));
        }
    }
}

impl TokenCache for Shared {
    #[inline]
    fn hit(&self) -> Option<IssuedToken> {
        self.snapshot.load().token(self.runtime().coarse_now()).cloned()
    }

    fn acquire(&self) -> BoxFuture<'_, Result<IssuedToken, TokenError>> {
        Box::pin(self.wait_for_token())
    }
}

/// Half of the longest margin.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

//! [`Shared`]: the session of a provider, its published snapshot and its acquisition in flight.

use std::sync::Arc;

use super::observers::Observers;
use crate::{
    client::AuthClient,
    time::{Now, Runtime},
    token::{
        IssuedToken, SecretSource,
        flight::{Flight, Outcome, Semaphore},
        session::{Session, Snapshot},
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
    /// The pool's semaphore, if the provider belongs to a pool.
    pub(super) semaphore: Option<Arc<Semaphore>>,
}

pub(super) struct Inner {
    pub(super) session: Session,
    /// Present while the session has an acquisition in flight.
    pub(super) flight: Option<Arc<Flight>>,
    pub(super) is_shut_down: bool,
}

impl Shared {
    pub(super) fn new(
        client: AuthClient,
        session: Session,
        secret: Arc<dyn SecretSource>,
        semaphore: Option<Arc<Semaphore>>,
    ) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(session.snapshot()),
            inner: Mutex::new(Inner { session, flight: None, is_shut_down: false }),
            client,
            secret: Mutex::new(secret),
            observers: Observers::default(),
            semaphore,
        }
    }

    /// The token, if it can be served without a decision of the session.
    #[inline]
    pub(super) fn hit(&self) -> Option<IssuedToken> {
        self.snapshot.load().token(self.runtime().coarse_now()).cloned()
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

    /// Calls `act` with the session, publishes the new snapshot and notifies the observers.
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

    /// Calls `act`, which begins a new generation of the session. The waiters of the old one ask the session
    /// again.
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

    pub(super) fn publish(&self, inner: &Inner) {
        let snapshot = inner.session.snapshot();
        if !self.snapshot.load().is_same(&snapshot) {
            self.snapshot.store(Arc::new(snapshot));
        }
    }
}

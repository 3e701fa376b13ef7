//! [`Shared`]: the session of a provider, what it publishes, and who observes it.

mod acquiring;

use std::{
    fmt,
    sync::{Arc, Weak},
};

use super::observers::{Observer, Observers};
use crate::{
    client::AuthClient,
    model::{DelegatedAccessToken, UserPrincipalName},
    sync::{ArcSwap, Mutex, lock},
    time::{Now, Runtime},
    token::{
        Expiry, IssuedToken, SecretSource,
        flight::{Flight, Outcome},
        session::{Session, Snapshot},
        turn::Turns,
    },
};

/// What all clones of a provider share.
pub(in crate::token) struct Shared {
    /// Read by hits, written under the lock of the session only.
    snapshot: ArcSwap<Snapshot>,
    inner: Mutex<Inner>,
    client: AuthClient,
    secret: Mutex<Arc<dyn SecretSource>>,
    observers: Observers,
    /// Of the pool, where it belongs to one.
    turns: Option<Arc<Turns>>,
    /// For the tasks of attempts, which do not keep a provider alive.
    own: Weak<Self>,
}

pub(super) struct Inner {
    pub(super) session: Session,
    /// There as long as the session has an attempt under way.
    flight: Option<Arc<Flight>>,
    pub(super) is_shut_down: bool,
}

impl Shared {
    pub(super) fn new(
        client: AuthClient,
        session: Session,
        secret: Arc<dyn SecretSource>,
        turns: Option<Arc<Turns>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            snapshot: ArcSwap::from_pointee(session.snapshot()),
            inner: Mutex::new(Inner { session, flight: None, is_shut_down: false }),
            client,
            secret: Mutex::new(secret),
            observers: Observers::default(),
            turns,
            own: own.clone(),
        })
    }

    /// A token that needs no decision. This is what nearly every call comes to.
    #[inline]
    pub(in crate::token) fn hit(&self) -> Option<IssuedToken> {
        self.snapshot.load().token(self.runtime().coarse_now()).cloned()
    }

    /// The same, lent. Gives `use_it` back where there is none.
    #[inline]
    pub(super) fn lend<T, F: FnOnce(&IssuedToken) -> T>(&self, use_it: F) -> Result<T, F> {
        match self.snapshot.load().token(self.runtime().coarse_now()) {
            Some(token) => Ok(use_it(token)),
            None => Err(use_it),
        }
    }

    /// A token that may be served, whether or not it is time for another.
    pub(super) fn valid_token(&self) -> Option<IssuedToken> {
        let mut inner = lock(&self.inner);
        let token = inner.session.valid_token(self.runtime().now());
        self.publish(&inner);
        token
    }

    /// Has the session act, publishes what comes of it and tells the observers.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut Session, Now) -> T) -> T {
        let result = self.act_untold(act);
        self.tell();
        result
    }

    /// The same, for whoever has more to do before the observers are told.
    pub(super) fn act_untold<T>(&self, act: impl FnOnce(&mut Session, Now) -> T) -> T {
        let mut inner = lock(&self.inner);
        let result = act(&mut inner.session, self.runtime().now());
        self.publish(&inner);
        self.observers.note(inner.session.take_events());
        result
    }

    /// Has the session begin a new generation; who waits for the attempt of the old one goes on with the new one.
    pub(super) fn begin_anew(&self, act: impl FnOnce(&mut Inner, Now)) {
        let mut inner = lock(&self.inner);
        let before = inner.session.generation();
        act(&mut inner, self.runtime().now());
        let has_begun = inner.session.generation() != before;
        let flight = inner.flight.take_if(|_| has_begun);
        self.publish(&inner);
        self.observers.note(inner.session.take_events());
        drop(inner);
        if let Some(flight) = flight {
            flight.end(Outcome::Gone);
        }
        self.tell();
    }

    /// Ends the flight, which the session does not ask for any more.
    pub(super) fn land(&self, flight: &Weak<Flight>, outcome: Outcome) {
        let Some(flight) = flight.upgrade() else { return };
        let mut inner = lock(&self.inner);
        inner.flight.take_if(|current| Arc::ptr_eq(current, &flight));
        self.publish(&inner);
        drop(inner);
        flight.end(outcome);
    }

    /// From now on no attempt is started.
    pub(super) fn close(&self) {
        lock(&self.inner).is_shut_down = true;
    }

    /// Waits for an attempt under way, once it is closed.
    pub(super) async fn landed(&self) {
        while let Some(flight) = self.flight() {
            flight.outcome(|| self.runtime().executor()).await;
        }
    }

    pub(super) fn release(&self) -> Option<(DelegatedAccessToken, Expiry)> {
        self.act(Session::release)
    }

    fn flight(&self) -> Option<Arc<Flight>> {
        lock(&self.inner).flight.clone()
    }

    fn publish(&self, inner: &Inner) {
        // Callers who pass by move a parked attempt on.
        let is_parked = inner.flight.as_ref().is_some_and(|flight| !flight.is_spawned());
        let snapshot = if is_parked { Snapshot::default() } else { inner.session.snapshot() };
        if !self.snapshot.load().is_same(&snapshot) {
            self.snapshot.store(Arc::new(snapshot));
        }
    }

    /// Tells the observers what has happened.
    pub(super) fn tell(&self) {
        self.observers.tell();
    }

    pub(super) fn add_observer(&self, observer: Observer) {
        self.observers.add(observer);
    }

    pub(super) fn set_secret(&self, secret: Arc<dyn SecretSource>) {
        let before = std::mem::replace(&mut *lock(&self.secret), secret);
        // Outside of the lock: its owner may look here once more.
        drop(before);
    }

    pub(super) fn has_spawned(&self) -> bool {
        lock(&self.inner).flight.as_ref().is_some_and(|flight| flight.is_spawned())
    }

    pub(super) fn user_principal_name(&self) -> UserPrincipalName {
        lock(&self.inner).session.user_principal_name().clone()
    }

    pub(super) fn turns(&self) -> Option<Arc<Turns>> {
        self.turns.clone()
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

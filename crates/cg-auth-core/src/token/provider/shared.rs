//! [`Shared`]: the session of a provider, its published snapshot and its acquisition in flight.

use std::{sync::Arc, time::Duration};

use super::observers::Observers;
use crate::{
    client::AuthClient,
    time::{Now, Runtime},
    token::{
        IssuedToken, SecretSource, TokenError,
        fleet::Fleet,
        flight::{Flight, Outcome, PermitOwner, Semaphore},
        session::{Session, Snapshot, fleet_member::FleetMember},
        shared_back_off::SharedBackOff,
        sync::{ArcSwap, Mutex, MutexGuard, lock},
    },
};

/// The state that all clones of a provider share. The order of the fields puts what a hit reads into the cache line of
/// the reference count, so a hit in a pool of many users reads one line.
#[repr(C)]
pub(super) struct Shared {
    /// Read by hits, written under the lock of the session only.
    snapshot: ArcSwap<Snapshot>,
    pub(super) client: AuthClient,
    pub(super) inner: Mutex<Inner>,
    secret: Mutex<Secret>,
    pub(super) observers: Observers,
    /// The pool's semaphore, if the provider belongs to a pool.
    pub(super) semaphore: Option<Arc<Semaphore>>,
    /// What the users of the pool know about failures, if the provider belongs to a pool.
    pub(super) back_off: Option<Arc<SharedBackOff>>,
    /// The store in which the processes of a fleet share the token.
    pub(super) fleet: Option<Fleet>,
}

pub(super) struct Inner {
    pub(super) session: Session,
    /// Present while the session has an acquisition in flight.
    pub(super) flight: Option<Arc<Flight>>,
    pub(super) is_shut_down: bool,
}

/// A secret source with its version: how often the pool had replaced its source when it set this one.
pub(super) struct Secret {
    version: u64,
    source: Arc<dyn SecretSource>,
}

impl Shared {
    pub(super) fn new(
        client: AuthClient,
        session: Session,
        (version, source): (u64, Arc<dyn SecretSource>),
        pool: Option<(Arc<Semaphore>, Arc<SharedBackOff>)>,
    ) -> Self {
        let (semaphore, back_off) = pool.unzip();
        Self {
            snapshot: ArcSwap::from_pointee(session.snapshot()),
            inner: Mutex::new(Inner { session, flight: None, is_shut_down: false }),
            client,
            secret: Mutex::new(Secret { version, source }),
            observers: Observers::default(),
            semaphore,
            back_off,
            fleet: None,
        }
    }

    /// The same, with a store if there is a fleet. The session is new.
    pub(super) fn with_fleet(mut self, fleet: Option<Fleet>) -> Self {
        if fleet.is_some() {
            FleetMember::of(&mut lock(&self.inner).session).join();
        }
        self.fleet = fleet;
        self
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

    /// Calls `change` with the session, publishes the new snapshot and notifies the observers.
    pub(super) fn with_session<T>(&self, change: impl FnOnce(&mut Session, Now) -> T) -> T {
        let result = self.with_session_quietly(change);
        self.observers.notify();
        result
    }

    /// Like [`with_session`](Self::with_session), without notifying the observers.
    pub(super) fn with_session_quietly<T>(&self, change: impl FnOnce(&mut Session, Now) -> T) -> T {
        let (now, mut inner, errors) = self.enter();
        let result = change(&mut inner.session, now);
        self.leave(inner, errors);
        result
    }

    /// Calls `change`, which begins a new generation of the session. The waiters of the old one ask the session
    /// again.
    pub(super) fn new_generation(&self, change: impl FnOnce(&mut Inner, Now)) {
        let (now, mut inner, errors) = self.enter();
        let before = inner.session.generation();
        let is_refreshing = inner.session.is_refreshing();
        change(&mut inner, now);
        let is_new = inner.session.generation() != before;
        let flight = inner.flight.take_if(|_| is_new);
        self.leave(inner, errors);
        match flight {
            // The service may have taken the refresh token, and a cancelled request would not take it back.
            Some(flight) if is_refreshing => flight.detach(Outcome::Superseded),
            Some(flight) => flight.end(Outcome::Superseded),
            None => {}
        }
        self.observers.notify();
    }

    /// The session, locked for a change, and the errors that the change may drop. Each change enters and leaves
    /// here, so that the compiler does not repeat this code for every closure.
    fn enter(&self) -> (Now, MutexGuard<'_, Inner>, [Option<TokenError>; 3]) {
        let now = self.runtime().now();
        let inner = lock(&self.inner);
        let errors = inner.session.held_errors();
        (now, inner, errors)
    }

    fn leave(&self, mut inner: MutexGuard<'_, Inner>, errors: [Option<TokenError>; 3]) {
        self.publish(&inner);
        self.observers.queue(inner.session.take_events());
        drop(inner);
        // Dropped outside of the lock, because an error may be the program's.
        drop(errors);
    }

    /// Ends the acquisition in flight if its time is over. Its future is dropped before the session may start the
    /// next one.
    pub(super) fn end_overdue(&self, now: Now) {
        let Some(flight) = self.flight().filter(|flight| flight.deadline().is_over(now)) else { return };
        flight.end(Outcome::Dropped);
        // A future that was lost, or that a thread polls right now, has not told the session.
        let mut inner = lock(&self.inner);
        if inner.flight.take_if(|current| Arc::ptr_eq(current, &flight)).is_some() {
            inner.session.abandon_current(now);
            self.publish(&inner);
            self.observers.queue(inner.session.take_events());
        }
        drop(inner);
        self.observers.notify();
    }

    /// How long to wait for the outcome of `flight` before looking again: until its time is over, or that of an
    /// acquisition which holds a permit of the pool. `flight` may need that permit.
    pub(super) fn time_left(&self, flight: &Flight, now: Now) -> Option<Duration> {
        let next = self.semaphore.as_ref().and_then(|semaphore| semaphore.end_overdue(now));
        flight.deadline().left(now).into_iter().chain(next).min()
    }

    /// The time that an acquisition has once it has its permit: it reads the secret and makes two calls at most.
    pub(super) fn acquisition_limit(&self) -> Duration {
        self.client.timeout().saturating_mul(3)
    }

    pub(super) fn flight(&self) -> Option<Arc<Flight>> {
        lock(&self.inner).flight.clone()
    }

    pub(super) fn set_secret(&self, secret: Arc<dyn SecretSource>) {
        let before = std::mem::replace(&mut lock(&self.secret).source, secret);
        // Dropped outside of the lock, because it is code of the program.
        drop(before);
    }

    /// Sets the secret source of the pool, unless the pool has given a later one already. Returns whether it did.
    pub(super) fn set_secret_of_pool(&self, version: u64, source: Arc<dyn SecretSource>) -> bool {
        let mut secret = lock(&self.secret);
        let is_later = version > secret.version;
        let unused = match is_later {
            true => std::mem::replace(&mut *secret, Secret { version, source }).source,
            false => source,
        };
        drop(secret);
        drop(unused);
        is_later
    }

    pub(super) fn secret_source(&self) -> Arc<dyn SecretSource> {
        Arc::clone(&lock(&self.secret).source)
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

/// In a fleet, dropping the last clone ends the acquisition, and with it the lease that other processes wait for. No
/// refresh token can be lost, because a fleet uses none.
impl Drop for Shared {
    fn drop(&mut self) {
        if self.fleet.is_none() {
            return;
        }
        let flight = lock(&self.inner).flight.take();
        if let Some(flight) = flight {
            flight.end(Outcome::Dropped);
        }
    }
}

impl PermitOwner for Shared {
    /// A refresh goes on, since the service may have taken the refresh token. If its task runs again before the
    /// next caller of this user comes, the new one is not lost.
    fn permit_ends(&self) {
        let is_refreshing = lock(&self.inner).session.is_refreshing();
        if !is_refreshing {
            self.end_overdue(self.runtime().now());
        }
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use super::*;
    use crate::{
        model::{BaseUrl, ClientSecret, UserPrincipalName},
        testing::{ManualClock, ScriptedTransport},
    };

    #[test]
    fn a_secret_source_of_the_pool_is_set_once_and_never_after_a_later_one() {
        let base_url = BaseUrl::parse("https://example.com").unwrap();
        let client = AuthClient::with_runtime(base_url, ScriptedTransport::new(), ManualClock::new());
        let session = Session::new(UserPrincipalName::new("someone@example.com").unwrap());
        let source = || -> Arc<dyn SecretSource> { Arc::new(ClientSecret::new("s3cret").unwrap()) };
        let shared = Shared::new(client, session, (2, source()), None);
        for (version, is_set) in [(1, false), (2, false), (4, true), (3, false), (4, false), (5, true)] {
            assert_eq!(shared.set_secret_of_pool(version, source()), is_set, "{version}");
        }
    }
}

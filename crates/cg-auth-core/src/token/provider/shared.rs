//! [`Shared`]: the session of a provider, what it publishes, and who observes it.

use std::{
    fmt,
    sync::{Arc, Weak},
};

use super::{
    observers::{Observer, Observers},
    pilot::Pilot,
};
use crate::{
    client::AuthClient,
    model::{ClientSecret, DelegatedAccessToken},
    sync::{ArcSwap, Mutex, lock},
    time::{BoxFuture, Now, Runtime},
    token::{
        AttemptId, Expiry, IssuedToken, SecretSource, Session, Snapshot, Step, TokenError,
        flight::{Flight, Outcome},
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
        let mut may_spawn = true;
        loop {
            let (flight, is_own) = match self.step(may_spawn)? {
                Decision::Serve(token) => return Ok(token),
                Decision::Wait { flight, is_own } => (flight, is_own),
            };
            let outcome = flight.outcome(|| self.runtime().executor()).await;
            // Whatever drops the tasks that it is given would do so for ever: the next one stays with the callers.
            may_spawn &= !(is_own && matches!(outcome, Outcome::Abandoned));
            // Whoever comes late may find the new token expired or replaced, or the old one still good.
            match (self.hit().or_else(|| self.valid_token()), outcome) {
                (Some(token), Outcome::Ended(_)) => return Ok(token),
                (None, Outcome::Ended(Err(error))) => return Err(error),
                _ => {}
            }
        }
    }

    pub(super) fn prefetch(&self) {
        let _ = self.step(true);
    }

    /// What the session says, and the start of what it asks for.
    fn step(&self, may_spawn: bool) -> Result<Decision, TokenError> {
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
            (Some(id), Some(flight)) => self.launch(id, flight, may_spawn),
            _ => true,
        };
        Ok(match (served, flight) {
            (Some(token), _) if is_on_its_own => Decision::Serve(token),
            (Some(token), None) => Decision::Serve(token),
            // Without a task of its own the attempt needs somebody who waits: this caller, once.
            (_, Some(flight)) => Decision::Wait { flight, is_own: id.is_some() },
            (None, None) => return Err(TokenError::lost()),
        })
    }

    /// Whether the attempt has got a task of its own.
    fn launch(&self, id: AttemptId, flight: &Arc<Flight>, may_spawn: bool) -> bool {
        let task: BoxFuture<'static, ()> = Box::pin(Pilot::new(self.own.clone(), flight, id).fly());
        let spawned = if may_spawn { self.runtime().spawn(task) } else { Err(task) };
        match spawned {
            Ok(()) => true,
            Err(task) => {
                flight.park(task, self.runtime().executor());
                false
            }
        }
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
        self.publish(&inner.session);
        self.observers.note(inner.session.take_events());
        result
    }

    /// Has the session begin a new generation; who waits for the attempt of the old one goes on with the new one.
    pub(super) fn begin_anew(&self, act: impl FnOnce(&mut Inner, Now)) {
        let mut inner = lock(&self.inner);
        let before = inner.session.generation();
        act(&mut inner, self.runtime().now());
        self.publish(&inner.session);
        self.observers.note(inner.session.take_events());
        let has_begun = inner.session.generation() != before;
        let flight = inner.flight.take_if(|_| has_begun);
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
        drop(inner);
        flight.end(outcome);
    }

    pub(super) async fn shut_down(&self) -> Option<(DelegatedAccessToken, Expiry)> {
        while let Some(flight) = self.last_flight() {
            flight.outcome(|| self.runtime().executor()).await;
        }
        self.act(Session::release)
    }

    pub(super) fn last_flight(&self) -> Option<Arc<Flight>> {
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

    /// Tells the observers what has happened.
    pub(super) fn tell(&self) {
        self.observers.tell();
    }

    pub(super) fn add_observer(&self, observer: Observer) {
        self.observers.add(observer);
    }

    pub(super) fn set_secret(&self, secret: Arc<dyn SecretSource>) {
        *lock(&self.secret) = secret;
    }

    pub(super) async fn read_secret(&self) -> Result<ClientSecret, TokenError> {
        let source = Arc::clone(&lock(&self.secret));
        source.read().await.map_err(TokenError::secret)
    }

    pub(super) fn has_spawned(&self) -> bool {
        lock(&self.inner).flight.as_ref().is_some_and(|flight| flight.is_spawned())
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

enum Decision {
    Serve(IssuedToken),
    Wait { flight: Arc<Flight>, is_own: bool },
}

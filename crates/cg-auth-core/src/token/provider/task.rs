//! [`AcquisitionTask`]: drives one acquisition to its end, whatever happens to the task that it runs in.

use std::{
    sync::{Arc, Weak},
    thread,
};

use super::shared::Shared;
use crate::token::{
    flight::{Flight, Outcome, Permit},
    secret_source::read_secret,
    session::{AcquisitionId, Next, Session},
    sync::lock,
};

/// Reads the secret, makes the calls that the session asks for and passes it the results. Holds weak
/// references only: the flight may hold this future, and dropping the provider must end the acquisition.
pub(super) struct AcquisitionTask {
    shared: Weak<Shared>,
    flight: Weak<Flight>,
    id: AcquisitionId,
    is_complete: bool,
}

impl AcquisitionTask {
    pub(super) fn new(shared: Weak<Shared>, flight: Weak<Flight>, id: AcquisitionId) -> Self {
        Self { shared, flight, id, is_complete: false }
    }

    pub(super) async fn run(mut self) {
        let permit = self.acquire_permit().await;
        let next = self.drive().await;
        // The permit is given back before a waiter is woken or an observer is notified.
        drop(permit);
        if let (Some(next), Some(shared)) = (next, self.shared.upgrade()) {
            self.complete(&shared, next, Outcome::Superseded);
        }
    }

    /// Waits for a permit of the pool. A parked acquisition takes none: its waiters may never poll it again.
    async fn acquire_permit(&self) -> Option<Permit> {
        let semaphore = self.shared.upgrade()?.semaphore.clone()?;
        if !self.flight.upgrade()?.is_in_background() {
            return None;
        }
        Some(semaphore.acquire_permit().await)
    }

    /// The outcome, or `None` once the provider is dropped.
    async fn drive(&self) -> Option<Next> {
        // The flight is gone if the acquisition was superseded while it waited for its permit.
        let shared = self.flight.upgrade().and(self.shared.upgrade())?;
        let (source, client) = (shared.secret_source(), shared.client.clone());
        drop(shared);
        let secret = read_secret(&*source, &client).await;
        let begin = |session: &mut Session, now| session.begin(self.id, secret, now);
        let mut next = self.shared.upgrade()?.with_session_quietly(begin);
        while let Next::Call(call) = next {
            self.shared.upgrade()?.observers.notify();
            let result = client.call(call.endpoint()).await;
            let finish = |session: &mut Session, now| session.finish(self.id, result, now);
            next = self.shared.upgrade()?.with_session_quietly(finish);
        }
        Some(next)
    }

    fn complete(&mut self, shared: &Shared, next: Next, otherwise: Outcome) {
        self.is_complete = true;
        let outcome = match next {
            Next::Done(result) => Outcome::Ended(result),
            _ => otherwise,
        };
        if let Some(flight) = self.flight.upgrade() {
            lock(&shared.inner).flight.take_if(|current| Arc::ptr_eq(current, &flight));
            flight.end(outcome);
        }
        shared.observers.notify();
    }
}

/// Completes an acquisition whose task is dropped early: its runtime was shut down, or it has panicked.
impl Drop for AcquisitionTask {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade().filter(|_| !self.is_complete) else { return };
        let next = shared.with_session_quietly(|session, now| {
            if thread::panicking() {
                return session.panicked(self.id, now);
            }
            session.abandon(self.id, now);
            Next::Superseded
        });
        self.complete(&shared, next, Outcome::Dropped);
    }
}

//! [`Pilot`]: brings one attempt to its end, whatever happens to the task that it runs in.

use std::{
    sync::{Arc, Weak},
    thread,
};

use super::Shared;
use crate::token::{
    flight::{Flight, Outcome},
    permits::Permit,
    secret_source::read_secret,
    session::{AcquisitionId, Next},
    turn::take_turn,
};

/// Reads the secret, makes the calls that the session asks for and tells it the results. It keeps neither the
/// provider alive, an attempt of which ends without a trace once it is gone, nor the flight, which may hold it.
pub(super) struct Pilot {
    shared: Weak<Shared>,
    flight: Weak<Flight>,
    id: AcquisitionId,
    has_landed: bool,
}

impl Pilot {
    pub(super) fn new(shared: Weak<Shared>, flight: &Arc<Flight>, id: AcquisitionId) -> Self {
        Self { shared, flight: Arc::downgrade(flight), id, has_landed: false }
    }

    pub(super) async fn fly(mut self) {
        let permit = self.permit().await;
        // Without a flight others have overtaken it before its turn came.
        let shared = self.flight.upgrade().and(self.shared.upgrade());
        let provider = shared.map(|shared| (shared.secret_source(), shared.client().clone()));
        let Some((source, client)) = provider else { return };
        let secret = read_secret(&*source, &client).await;
        let mut next = self
            .shared
            .upgrade()
            .map(|shared| shared.act_untold(|session, now| session.begin(self.id, secret, now)));
        while let Some(Next::Call(call)) = next {
            if let Some(shared) = self.shared.upgrade() {
                shared.tell();
            }
            let result = client.call(call.endpoint()).await;
            next = self
                .shared
                .upgrade()
                .map(|shared| shared.act_untold(|session, now| session.finish(self.id, result, now)));
        }
        // Before anybody is woken: whoever waits for it finds it given back.
        drop(permit);
        let (Some(next), Some(shared)) = (next, self.shared.upgrade()) else { return };
        self.has_landed = true;
        shared.land(
            &self.flight,
            match next {
                Next::Done(result) => Outcome::Ended(result),
                _ => Outcome::Gone,
            },
        );
        shared.tell();
    }

    async fn permit(&self) -> Option<Permit<Weak<Flight>>> {
        let shared = self.shared.upgrade()?;
        let (turns, client) = (shared.turns()?, shared.client().clone());
        drop(shared);
        Some(take_turn(&turns, &self.flight, || client.runtime().executor()).await)
    }
}

/// The task is gone before its end: its executor was shut down, or it has panicked.
impl Drop for Pilot {
    fn drop(&mut self) {
        if self.has_landed {
            return;
        }
        let Some(shared) = self.shared.upgrade() else {
            // Whoever waits for a token keeps the provider; another attempt may wait for this one's permit.
            return self.flight.upgrade().into_iter().for_each(|flight| flight.end(Outcome::Gone));
        };
        let next = shared.act_untold(|session, now| {
            if thread::panicking() {
                return session.lose(self.id, now);
            }
            session.abandon(self.id, now);
            Next::Superseded
        });
        shared.land(
            &self.flight,
            match next {
                Next::Done(result) => Outcome::Ended(result),
                _ => Outcome::Abandoned,
            },
        );
        shared.tell();
    }
}

//! [`Pilot`]: brings one attempt to its end, whatever happens to the task that it runs in.

use std::{
    sync::{Arc, Weak},
    thread,
};

use super::Shared;
use crate::token::{
    AttemptId, Next, TokenError,
    flight::{Flight, Outcome},
};

/// Reads the secret, makes the calls that the session asks for and tells it the results. It does not keep the
/// provider alive: an attempt whose provider is gone ends without a trace.
pub(super) struct Pilot {
    shared: Weak<Shared>,
    flight: Arc<Flight>,
    id: AttemptId,
    has_landed: bool,
}

impl Pilot {
    pub(super) const fn new(shared: Weak<Shared>, flight: Arc<Flight>, id: AttemptId) -> Self {
        Self { shared, flight, id, has_landed: false }
    }

    pub(super) async fn fly(mut self) {
        let provider = self.shared.upgrade().map(|shared| (shared.secret_source(), shared.client().clone()));
        let Some((source, client)) = provider else { return };
        let secret = source.read().await.map_err(TokenError::secret);
        let mut next = self
            .shared
            .upgrade()
            .map(|shared| shared.act_untold(|session, now| session.begin(self.id, secret, now)));
        while let Some((Next::Call(call), events)) = next {
            if let Some(shared) = self.shared.upgrade() {
                shared.tell(&events);
            }
            let result = client.call(call.endpoint()).await;
            next = self
                .shared
                .upgrade()
                .map(|shared| shared.act_untold(|session, now| session.finish(self.id, result, now)));
        }
        let (Some((next, events)), Some(shared)) = (next, self.shared.upgrade()) else { return };
        self.has_landed = true;
        shared.land(
            &self.flight,
            match next {
                Next::Done(result) => Outcome::Ended(result),
                _ => Outcome::Gone,
            },
        );
        shared.tell(&events);
    }
}

/// The task is gone before its end: its executor was shut down, or it has panicked.
impl Drop for Pilot {
    fn drop(&mut self) {
        if self.has_landed {
            return;
        }
        let Some(shared) = self.shared.upgrade() else { return self.flight.end(Outcome::Gone) };
        let (next, events) = shared.act_untold(|session, now| {
            if thread::panicking() {
                return session.lose(self.id, now);
            }
            session.abandon(self.id);
            Next::Superseded
        });
        shared.land(
            &self.flight,
            match next {
                Next::Done(result) => Outcome::Ended(result),
                _ => Outcome::Gone,
            },
        );
        shared.tell(&events);
    }
}

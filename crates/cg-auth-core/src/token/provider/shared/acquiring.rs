//! How a caller who finds no token that needs no decision gets one.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use super::{super::pilot::Pilot, Shared};
use crate::{
    sync::lock,
    time::{BoxFuture, Now, within},
    token::{
        IssuedToken, TokenError,
        flight::{Flight, Outcome},
        session::{AcquisitionId, Step},
    },
};

impl Shared {
    /// A token, by whatever it takes.
    pub(in crate::token) async fn acquire(&self) -> Result<IssuedToken, TokenError> {
        let mut may_spawn = true;
        loop {
            let (flight, is_own, patience) = match self.step(may_spawn)? {
                Decision::Serve(token) => return Ok(token),
                Decision::Wait { flight, is_own, patience } => (flight, is_own, patience),
            };
            let outcome = flight.outcome(|| self.runtime().executor());
            let outcome = match patience {
                Some(limit) => self.within_patience(limit, outcome).await,
                None => Some(outcome.await),
            };
            let Some(outcome) = outcome else {
                match self.valid_token() {
                    Some(token) => return Ok(token),
                    None => continue,
                }
            };
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

    /// What comes within `limit`. A caller whose executor has no timers, where a [`Runtime`] may panic, does not wait:
    /// there is a token to serve.
    async fn within_patience<T>(&self, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
        let mut waiting = pin!(within(self.runtime(), limit, future));
        poll_fn(|context| {
            let poll = catch_unwind(AssertUnwindSafe(|| waiting.as_mut().poll(context)));
            poll.unwrap_or(Poll::Ready(None))
        })
        .await
    }

    pub(in crate::token) fn prefetch(&self) {
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
        let patience = inner.session.valid_token(now).and_then(|token| patience(&token, now));
        self.publish(&inner);
        drop(inner);

        let has_parked = match (id, &flight) {
            (Some(id), Some(flight)) => !self.launch(id, flight, may_spawn),
            _ => false,
        };
        match (served, flight) {
            (Some(token), None) => Ok(Decision::Serve(token)),
            (Some(token), Some(flight)) if !has_parked => {
                flight.move_on_in_passing(self.runtime().executor());
                Ok(Decision::Serve(self.hit().unwrap_or(token)))
            }
            // Without a task of its own the attempt needs somebody who waits: this caller, once.
            (_, Some(flight)) => Ok(Decision::Wait { flight, is_own: id.is_some(), patience }),
            (None, None) => Err(TokenError::lost()),
        }
    }

    /// Whether the attempt has got a task of its own.
    fn launch(&self, id: AcquisitionId, flight: &Arc<Flight>, may_spawn: bool) -> bool {
        let task: BoxFuture<'static, ()> = Box::pin(Pilot::new(self.own.clone(), flight, id).fly());
        let spawned = if may_spawn { self.runtime().spawn(task) } else { Err(task) };
        match spawned {
            Ok(()) => true,
            Err(task) => {
                flight.park(task, self.runtime().executor());
                self.publish(&lock(&self.inner));
                false
            }
        }
    }
}

enum Decision {
    Serve(IssuedToken),
    /// With a limit where there is a token to serve.
    Wait {
        flight: Arc<Flight>,
        is_own: bool,
        patience: Option<Duration>,
    },
}

/// How long a caller waits who could be given `token`: for half of what is left of it at most.
fn patience(token: &IssuedToken, now: Now) -> Option<Duration> {
    token.expiry().remaining(now).map(|left| (left / 2).min(LONGEST_PATIENCE))
}

/// As in the longest margin. One who moves on an attempt of the early phase waits no longer than that either.
const LONGEST_PATIENCE: Duration = Duration::from_secs(15);

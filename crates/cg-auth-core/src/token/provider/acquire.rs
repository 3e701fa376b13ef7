//! [`acquire`]: how a caller after a miss gets a token.

use std::{sync::Arc, time::Duration};

use super::{shared::Shared, task::AcquisitionTask};
use crate::{
    time::within,
    token::{
        IssuedToken, TokenError,
        error::Cause,
        flight::{Flight, Outcome},
        session::Step,
        sync::lock,
    },
};

/// What to do for a caller.
pub(super) enum Decision {
    Serve(IssuedToken),
    /// Wait for the flight. The flag says whether this caller has spawned its task.
    Wait(Arc<Flight>, bool),
}

/// Waits for a token and starts an acquisition if there is none in flight.
pub(super) async fn acquire(shared: &Arc<Shared>) -> Result<IssuedToken, TokenError> {
    let mut may_spawn = true;
    loop {
        let (flight, has_spawned) = match step(shared, may_spawn)? {
            Decision::Serve(token) => return Ok(token),
            Decision::Wait(flight, has_spawned) => (flight, has_spawned),
        };
        let outcome = match longest_wait(shared) {
            Some(limit) => within(shared.runtime(), limit, flight.outcome()).await,
            None => Some(flight.outcome().await),
        };
        // A runtime that drops tasks would drop the next one too, so this caller polls the acquisition
        // itself.
        may_spawn &= !(has_spawned && matches!(outcome, Some(Outcome::Dropped)));
        // A caller that is polled late may find that the new token has expired or was replaced. After a
        // failure, the old token may still be valid.
        match (outcome, shared.valid_token()) {
            (None | Some(Outcome::Ended(_)), Some(token)) => return Ok(token),
            (Some(Outcome::Ended(Err(error))), None) => return Err(error),
            _ => {}
        }
    }
}

/// Asks the session what to do, starts the acquisition that it decides on, and hands over a parked one.
pub(super) fn step(shared: &Arc<Shared>, may_spawn: bool) -> Result<Decision, TokenError> {
    let mut inner = lock(&shared.inner);
    let now = shared.runtime().now();
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
            let task = AcquisitionTask::new(Arc::downgrade(shared), flight.clone(), id);
            Flight::new(Box::pin(task.run()))
        }));
    }
    let flight = inner.flight.clone();
    shared.publish(&inner);
    drop(inner);

    let has_spawned = may_spawn && flight.as_ref().is_some_and(|flight| flight.hand_over(shared.runtime()));
    // Another caller may have spawned the acquisition that this one has started.
    let is_in_background = has_spawned || flight.as_ref().is_some_and(|flight| flight.is_in_background());
    match (served, flight) {
        // A parked acquisition needs a waiter to poll it, so the caller who started it waits once.
        (Some(token), _) if id.is_none() || is_in_background => Ok(Decision::Serve(token)),
        (_, Some(flight)) => Ok(Decision::Wait(flight, has_spawned)),
        (_, None) => Err(Cause::Lost.into()),
    }
}

/// The longest wait of a caller who could be served a valid token: half of the time left to the token, at
/// most half of the longest margin.
fn longest_wait(shared: &Shared) -> Option<Duration> {
    let left = shared.valid_token()?.expiry().remaining(shared.runtime().now())?;
    Some((left / 2).min(Duration::from_secs(15)))
}

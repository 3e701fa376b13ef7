//! [`acquire`]: how a caller after a miss gets a token.

use std::{sync::Arc, time::Duration};

use super::{shared::Shared, task::AcquisitionTask};
use crate::{
    time::{Now, within},
    token::{
        IssuedToken, TokenError,
        error::Cause,
        flight::{Deadline, Flight, Outcome},
        session::{Session, Step},
        sync::lock,
    },
};

/// What to do for a caller.
pub(super) enum Decision {
    Serve(IssuedToken),
    /// Wait for the flight.
    Wait(Wait),
}

pub(super) struct Wait {
    flight: Arc<Flight>,
    /// Whether this caller has spawned the flight's task.
    has_spawned: bool,
    longest: Option<Duration>,
    begun: Now,
}

/// Waits for a token and starts an acquisition if there is none in flight.
pub(super) async fn acquire(shared: &Arc<Shared>) -> Result<IssuedToken, TokenError> {
    let mut may_spawn = true;
    let mut spawned: Option<Arc<Flight>> = None;
    loop {
        let Wait { flight, has_spawned, longest, begun } = match step(shared, may_spawn)? {
            Decision::Serve(token) => return Ok(token),
            Decision::Wait(wait) => wait,
        };
        if has_spawned {
            spawned = Some(Arc::clone(&flight));
        }
        let outcome = outcome(shared, &flight, longest, begun).await;
        let is_lost = match outcome {
            Some(Outcome::Dropped) => true,
            None => flight.deadline().is_over(shared.runtime().now()),
            Some(_) => false,
        };
        // A runtime that drops or loses tasks would lose the next one too, so from now on this caller polls the
        // acquisition itself.
        may_spawn &= !(is_lost && spawned.as_ref().is_some_and(|spawned| Arc::ptr_eq(spawned, &flight)));
        // A late caller may find the new token expired or replaced, or the old one still valid.
        match (outcome, shared.valid_token()) {
            (None | Some(Outcome::Ended(_)), Some(token)) => return Ok(token),
            (Some(Outcome::Ended(Err(error))), None) => return Err(error),
            _ => {}
        }
    }
}

/// The outcome of the flight, or `None` once `longest` or the time of the acquisition is over. The wait begins
/// at `now`.
pub(super) async fn outcome(
    shared: &Shared,
    flight: &Flight,
    longest: Option<Duration>,
    now: Now,
) -> Option<Outcome> {
    let Some(limit) = longest.into_iter().chain(shared.time_left(flight, now)).min() else {
        return Some(flight.outcome().await);
    };
    let outcome = within(shared.runtime(), limit, flight.outcome()).await;
    if outcome.is_some() || longest.is_some() {
        return outcome;
    }
    let waited = shared.runtime().now().saturating_since(now);
    // Without a timer, a caller who looks again at once would never stop.
    if waited < limit / 2 { Some(flight.outcome().await) } else { None }
}

/// Asks the session, starts the acquisition that it asks for, and hands a parked one over. An acquisition
/// whose time is over is cancelled first.
pub(super) fn step(shared: &Arc<Shared>, may_spawn: bool) -> Result<Decision, TokenError> {
    let now = shared.runtime().now();
    shared.end_overdue(now);
    let mut inner = lock(&shared.inner);
    let step = match inner.is_shut_down {
        true => {
            inner.session.valid_token(now).map(Step::Serve).ok_or_else(|| TokenError::from(Cause::ShutDown))
        }
        false => Ok(inner.session.step(now)),
    };
    let started = match step {
        Ok(Step::ServeAndStart(_, id) | Step::Start(id)) => Some(id),
        _ => None,
    };
    let before = started.and_then(|id| {
        let flight = Arc::new_cyclic(|flight| {
            let task = AcquisitionTask::new(Arc::downgrade(shared), flight.clone(), id);
            Flight::new(Box::pin(task.run()), Arc::new(Deadline::new(shared.acquisition_limit(), now)))
        });
        inner.flight.replace(flight)
    });
    let flight = inner.flight.clone();
    let longest = match step {
        Ok(Step::Serve(_)) | Err(_) => None,
        _ => longest_wait(&mut inner.session, now),
    };
    shared.publish(&inner);
    drop(inner);
    drop(before);

    let served = match step? {
        Step::Serve(token) | Step::ServeAndStart(token, _) => Some(token),
        Step::Start(_) | Step::Wait => None,
        Step::Fail(error) => return Err(error),
    };
    let has_spawned = may_spawn && flight.as_ref().is_some_and(|flight| flight.hand_over(shared.runtime()));
    // Another caller may have spawned the acquisition that this one has started, and a runtime may have dropped
    // the task already.
    let is_in_background = flight.as_ref().is_some_and(|flight| flight.is_in_background());
    match (served, flight) {
        // A parked acquisition needs a waiter: the caller who has started it waits, once.
        (Some(token), _) if started.is_none() || is_in_background => Ok(Decision::Serve(token)),
        (_, Some(flight)) => Ok(Decision::Wait(Wait { flight, has_spawned, longest, begun: now })),
        (_, None) => Err(Cause::Lost.into()),
    }
}

/// The longest wait of a caller who could be served a valid token: half of the time left to the token, at
/// most half of the longest margin.
fn longest_wait(session: &mut Session, now: Now) -> Option<Duration> {
    let left = session.valid_token(now)?.expiry().remaining(now)?;
    Some((left / 2).min(Duration::from_secs(15)))
}

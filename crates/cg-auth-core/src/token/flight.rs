//! [`Flight`]: one acquisition in flight, and the callers who wait for it.

mod deadline;
mod semaphore;
mod waiters;

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use self::waiters::Waiters;
pub(super) use self::{
    deadline::Deadline,
    semaphore::{Permit, Semaphore},
};
use super::{
    IssuedToken, TokenError,
    sync::{Mutex, lock},
};
use crate::caught::caught;
use crate::time::{BoxFuture, Runtime};

/// An acquisition in flight. Its future is parked here, so that any thread can cancel it. A background task
/// polls it, or, if the runtime cannot spawn, the waiters do, until a caller whose runtime can spawn hands it
/// over.
pub(super) struct Flight {
    state: Mutex<State>,
    waiters: Arc<Waiters>,
    deadline: Arc<Deadline>,
}

#[derive(Default)]
struct State {
    outcome: Option<Outcome>,
    /// Absent while a thread polls it, and once the flight has ended.
    parked: Option<BoxFuture<'static, ()>>,
    /// The number of the background task that polls the future.
    background: Option<u64>,
    last_background: u64,
    /// Whether a waiter has not found the future that a runtime was asked to run.
    was_missed: bool,
    /// Whether the current background task has polled the future.
    is_begun: bool,
    /// Whether a runtime has dropped a background task before its first poll.
    loses_tasks: bool,
    /// Whether the future goes on after the flight has ended.
    is_detached: bool,
}

/// How an acquisition ended.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// It ended with this result.
    Ended(Result<IssuedToken, TokenError>),
    /// The session no longer waits for it. The waiters ask the session again.
    Superseded,
    /// Its task was dropped, or its time is over. The waiters ask the session again.
    Dropped,
}

impl Flight {
    /// A flight whose future is parked.
    pub(super) fn new(future: BoxFuture<'static, ()>, deadline: Arc<Deadline>) -> Self {
        let state = State { parked: Some(future), ..State::default() };
        Self { state: Mutex::new(state), waiters: Arc::default(), deadline }
    }

    /// Has a background task poll a parked future. Returns whether this call did so.
    pub(super) fn hand_over(self: &Arc<Self>, runtime: &dyn Runtime) -> bool {
        let mut state = lock(&self.state);
        if state.background.is_some() || state.parked.is_none() || state.loses_tasks {
            return false;
        }
        state.last_background += 1;
        let number = state.last_background;
        (state.background, state.was_missed, state.is_begun) = (Some(number), false, false);
        drop(state);
        let task = Background { flight: Arc::clone(self), number };
        let Err(task) = runtime.spawn(Box::pin(task.run())) else {
            return lock(&self.state).background == Some(number);
        };
        let mut state = lock(&self.state);
        state.background = None;
        let is_waited_for = state.was_missed || state.is_begun;
        drop(state);
        drop(task);
        if is_waited_for {
            // This caller may not poll the future, so the waiters have to: one has missed it, or the runtime
            // has polled it with a waker of its own.
            self.waiters.wake_all();
        }
        false
    }

    /// Waits for the outcome and polls a parked future. Dropping the wait changes nothing.
    pub(super) async fn outcome(&self) -> Outcome {
        self.waiters
            .until(|_| {
                self.poll_parked();
                lock(&self.state).outcome.clone()
            })
            .await
    }

    /// Ends the flight with its first outcome, wakes every waiter and cancels the acquisition.
    pub(super) fn end(&self, outcome: Outcome) {
        self.end_and(outcome, false);
    }

    /// Ends the flight for its waiters. An acquisition in a background task goes on.
    pub(super) fn detach(&self, outcome: Outcome) {
        self.end_and(outcome, true);
    }

    /// Whether the acquisition runs in a background task.
    pub(super) fn is_in_background(&self) -> bool {
        lock(&self.state).background.is_some()
    }

    pub(super) const fn deadline(&self) -> &Arc<Deadline> {
        &self.deadline
    }

    fn end_and(&self, outcome: Outcome, goes_on: bool) {
        let mut state = lock(&self.state);
        let outcome = match state.outcome {
            Some(_) => Some(outcome),
            None => state.outcome.replace(outcome),
        };
        state.is_detached |= goes_on && state.background.is_some();
        let cancelled = if state.is_detached { None } else { state.parked.take() };
        drop(state);
        self.waiters.wake_all();
        drop((outcome, cancelled));
    }

    fn poll_parked(&self) {
        let wakes = self.waiters.wakes();
        let Some(future) = self.take_parked(false) else { return };
        if self.poll(future, &Waker::from(Arc::clone(&self.waiters))) && self.waiters.wakes() != wakes {
            // Waiters who were woken during the poll have missed the future.
            self.waiters.wake_all();
        }
    }

    fn take_parked(&self, is_in_background: bool) -> Option<BoxFuture<'static, ()>> {
        let mut state = lock(&self.state);
        state.is_begun |= is_in_background;
        if state.background.is_some() == is_in_background {
            return state.parked.take();
        }
        state.was_missed = true;
        None
    }

    /// Polls the future and parks it again. Returns false if it is ready or was cancelled during the poll.
    ///
    /// A panic has ended the flight. Each waiter gets that outcome.
    fn poll(&self, mut future: BoxFuture<'static, ()>, waker: &Waker) -> bool {
        let poll = caught(|| future.as_mut().poll(&mut Context::from_waker(waker)));
        if poll != Some(Poll::Pending) {
            return false;
        }
        let mut state = lock(&self.state);
        if state.outcome.is_none() || state.is_detached {
            state.parked = Some(future);
            return true;
        }
        // The future is dropped after the lock.
        drop(state);
        false
    }
}

/// The background task of a flight. Dropping it drops an acquisition that it has begun. One that it has not
/// begun stays parked, for the waiters to poll: a runtime that loses tasks would lose the next one too.
struct Background {
    flight: Arc<Flight>,
    number: u64,
}

impl Background {
    async fn run(self) {
        let flight = &self.flight;
        // A waiter too, so that it ends with the flight.
        flight
            .waiters
            .until(|context| {
                let future = flight.take_parked(true);
                let is_pending = future.is_some_and(|future| flight.poll(future, context.waker()));
                (!is_pending).then_some(())
            })
            .await;
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let mut state = lock(&self.flight.state);
        if state.background != Some(self.number) {
            return;
        }
        if state.is_begun {
            let parked = state.parked.take();
            drop(state);
            return drop(parked);
        }
        (state.background, state.loses_tasks) = (None, true);
        drop(state);
        self.flight.waiters.wake_all();
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;

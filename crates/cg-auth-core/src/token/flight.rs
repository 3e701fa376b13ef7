//! [`Flight`]: one acquisition in flight, and the callers who wait for it.

mod deadline;
mod semaphore;
mod waiters;

use std::{
    mem,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use self::waiters::Waiters;
pub(super) use self::{
    deadline::Deadline,
    semaphore::{Permit, PermitOwner, Semaphore},
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

struct State {
    outcome: Option<Outcome>,
    future: Slot,
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

enum Slot {
    Parked(BoxFuture<'static, ()>),
    /// A thread polls it now.
    Polled,
    /// It has ended or was cancelled.
    Ended,
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
        let state = State {
            outcome: None,
            future: Slot::Parked(future),
            background: None,
            last_background: 0,
            was_missed: false,
            is_begun: false,
            loses_tasks: false,
            is_detached: false,
        };
        Self { state: Mutex::new(state), waiters: Arc::default(), deadline }
    }

    /// Has a background task poll the future from now on. If a waiter polls it at this moment, the task takes
    /// over after that. Returns whether this call did so.
    pub(super) fn hand_over(self: &Arc<Self>, runtime: &dyn Runtime) -> bool {
        let mut state = lock(&self.state);
        if state.background.is_some() || matches!(state.future, Slot::Ended) || state.loses_tasks {
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
        self.waiters.until(|| lock(&self.state).outcome.clone(), |_| self.poll_parked()).await
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
        let cancelled = if state.is_detached { None } else { state.cancel() };
        drop(state);
        self.waiters.wake_all();
        // Code of the program may panic when it is dropped, and this caller may be another user's.
        caught(|| drop(outcome));
        caught(|| drop(cancelled));
    }

    fn poll_parked(&self) {
        let wakes = self.waiters.wakes();
        let Some(future) = self.take_parked(false) else { return };
        let is_parked = self.poll(future, &Waker::from(Arc::clone(&self.waiters)));
        // The future was handed over during the poll, or waiters who were woken have missed it.
        if self.is_in_background() || (is_parked && self.waiters.wakes() != wakes) {
            self.waiters.wake_all();
        }
    }

    fn take_parked(&self, is_in_background: bool) -> Option<BoxFuture<'static, ()>> {
        let mut state = lock(&self.state);
        if state.background.is_some() != is_in_background {
            state.was_missed = true;
            return None;
        }
        let future = state.take_parked()?;
        state.is_begun |= is_in_background;
        Some(future)
    }

    fn has_ended(&self) -> bool {
        matches!(lock(&self.state).future, Slot::Ended)
    }

    /// Polls the future and parks it again. Returns false if it is ready or was cancelled during the poll.
    ///
    /// A panic has ended the flight. Each waiter gets that outcome.
    fn poll(&self, mut future: BoxFuture<'static, ()>, waker: &Waker) -> bool {
        let poll = caught(|| future.as_mut().poll(&mut Context::from_waker(waker)));
        let mut state = lock(&self.state);
        if poll == Some(Poll::Pending) && (state.outcome.is_none() || state.is_detached) {
            state.future = Slot::Parked(future);
            return true;
        }
        state.future = Slot::Ended;
        drop(state);
        caught(|| drop(future));
        false
    }
}

impl State {
    fn take_parked(&mut self) -> Option<BoxFuture<'static, ()>> {
        match mem::replace(&mut self.future, Slot::Polled) {
            Slot::Parked(future) => Some(future),
            other => {
                self.future = other;
                None
            }
        }
    }

    /// Takes a parked future out for good. The thread that polls one now drops it after that.
    fn cancel(&mut self) -> Option<BoxFuture<'static, ()>> {
        let future = self.take_parked()?;
        self.future = Slot::Ended;
        Some(future)
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
        let has_ended = || flight.has_ended().then_some(());
        let poll = |context: &Context<'_>| {
            if let Some(future) = flight.take_parked(true) {
                flight.poll(future, context.waker());
            }
        };
        flight.waiters.until(has_ended, poll).await;
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let mut state = lock(&self.flight.state);
        if state.background != Some(self.number) {
            return;
        }
        if state.is_begun {
            let cancelled = state.cancel();
            drop(state);
            caught(|| drop(cancelled));
            return;
        }
        (state.background, state.loses_tasks) = (None, true);
        drop(state);
        self.flight.waiters.wake_all();
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;

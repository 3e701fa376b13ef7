//! [`Flight`]: one acquisition in flight, and the callers who wait for it.

mod semaphore;
mod waiters;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll, Waker},
};

pub(super) use self::semaphore::{Permit, Semaphore};
use self::waiters::Waiters;
use super::{
    IssuedToken, TokenError,
    sync::{Mutex, lock},
};
use crate::time::{BoxFuture, Runtime};

/// An acquisition in flight. It runs in a background task. If the runtime cannot spawn, its future is parked
/// here and polled by the waiters, until a caller whose runtime can spawn hands it over.
pub(super) struct Flight {
    state: Mutex<State>,
    waiters: Arc<Waiters>,
}

#[derive(Default)]
struct State {
    outcome: Option<Outcome>,
    parked: Option<BoxFuture<'static, ()>>,
    /// Whether a waiter found no parked future, because another thread was using it.
    was_missed: bool,
    is_in_background: bool,
}

/// How an acquisition ended.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// It ended with this result.
    Ended(Result<IssuedToken, TokenError>),
    /// The session no longer waits for it. The waiters ask the session again.
    Superseded,
    /// Its task was dropped. The waiters ask the session again.
    Dropped,
}

impl Flight {
    /// A flight whose future is parked.
    pub(super) fn new(future: BoxFuture<'static, ()>) -> Self {
        let state = State { parked: Some(future), ..State::default() };
        Self { state: Mutex::new(state), waiters: Arc::default() }
    }

    /// Moves a parked future into a background task. Returns whether this call did so.
    pub(super) fn hand_over(&self, runtime: &dyn Runtime) -> bool {
        let Some(future) = self.take_parked(true) else { return false };
        let Err(future) = runtime.spawn(future) else { return true };
        if self.park(future) {
            // This caller may never poll the future, so the waiters who missed it must.
            self.waiters.wake_all();
        }
        false
    }

    /// Waits for the outcome and polls a parked future. Dropping the wait changes nothing.
    pub(super) async fn outcome(&self) -> Outcome {
        self.waiters
            .until(|| {
                self.poll_parked();
                lock(&self.state).outcome.clone()
            })
            .await
    }

    /// Ends the flight with its first outcome, wakes every waiter and drops a parked future.
    pub(super) fn end(&self, outcome: Outcome) {
        let mut state = lock(&self.state);
        state.outcome.get_or_insert(outcome);
        let parked = state.parked.take();
        drop(state);
        self.waiters.wake_all();
        drop(parked);
    }

    /// Whether the acquisition runs in a background task.
    pub(super) fn is_in_background(&self) -> bool {
        lock(&self.state).is_in_background
    }

    fn poll_parked(&self) {
        let wakes = self.waiters.wakes();
        let Some(mut future) = self.take_parked(false) else { return };
        let waker = Waker::from(Arc::clone(&self.waiters));
        let poll = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker))));
        // A panic has ended the flight, as it does in a background task. This caller gets that outcome.
        if matches!(poll, Ok(Poll::Pending)) {
            self.park(future);
            if self.waiters.wakes() != wakes {
                // Waiters who were woken during the poll have missed the future.
                self.waiters.wake_all();
            }
        }
    }

    fn take_parked(&self, is_in_background: bool) -> Option<BoxFuture<'static, ()>> {
        let mut state = lock(&self.state);
        let parked = state.parked.take();
        state.was_missed = parked.is_none();
        state.is_in_background |= is_in_background && parked.is_some();
        parked
    }

    /// Parks the future again, unless the flight has ended. Returns whether a waiter has missed it.
    fn park(&self, future: BoxFuture<'static, ()>) -> bool {
        let mut state = lock(&self.state);
        state.is_in_background = false;
        if state.outcome.is_none() {
            state.parked = Some(future);
            return state.was_missed;
        }
        // The future is dropped after the lock.
        false
    }
}

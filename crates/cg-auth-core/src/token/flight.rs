//! [`Flight`]: one attempt, and everybody who waits for it.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{IssuedToken, TokenError, waiters::Waiters};
use crate::{
    sync::{Mutex, lock},
    time::BoxFuture,
};

/// An attempt on its way. It flies in a task of its own or, where nothing can be spawned, it is parked here and
/// moved on by whoever waits and is polled; nobody owns it while nobody polls it.
#[derive(Default)]
pub(super) struct Flight {
    state: Mutex<State>,
    waiters: Arc<Waiters>,
}

#[derive(Default)]
struct State {
    outcome: Option<Outcome>,
    parked: Option<BoxFuture<'static, ()>>,
    /// Where a task that could not be spawned has to be polled; it stays when the task is taken.
    executor: Option<u64>,
}

/// What became of an attempt.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// It has come to its end.
    Ended(Result<IssuedToken, TokenError>),
    /// Others have overtaken it; whoever waits asks the session anew.
    Gone,
    /// What ran it is gone; whoever waits asks the session anew.
    Abandoned,
}

impl Flight {
    /// Keeps what could not be spawned. I/O that was begun under one executor does not go on under another.
    pub(super) fn park(&self, task: BoxFuture<'static, ()>, executor: u64) {
        lock(&self.state).executor = Some(executor);
        self.keep(task);
        // Somebody may wait already, and nobody else moves the task.
        self.waiters.wake_all();
    }

    /// The first outcome counts. Everybody who waits is woken, and a parked attempt that others have overtaken is
    /// dropped.
    pub(super) fn end(&self, outcome: Outcome) {
        let mut state = lock(&self.state);
        state.outcome.get_or_insert(outcome);
        let parked = state.parked.take();
        drop(state);
        self.waiters.wake_all();
        drop(parked);
    }

    /// Waits for the outcome, moving a parked attempt on meanwhile. Dropping the future leaves everything as it is.
    pub(super) async fn outcome(&self, executor: impl Fn() -> u64) -> Outcome {
        self.waiters
            .until(|| {
                self.move_on(&executor);
                lock(&self.state).outcome.clone()
            })
            .await
    }

    /// Moves a parked attempt on until `is_over`, for somebody who waits for that and not for the outcome.
    pub(super) async fn assist(&self, executor: u64, is_over: impl Fn() -> bool) {
        self.waiters
            .until(|| {
                self.move_on(|| executor);
                is_over().then_some(())
            })
            .await;
    }

    pub(super) fn is_parked_under(&self, executor: u64) -> bool {
        lock(&self.state).executor == Some(executor)
    }

    /// Whether it has a task of its own.
    pub(super) fn is_spawned(&self) -> bool {
        lock(&self.state).executor.is_none()
    }

    /// Moves a parked attempt on as far as it can go now. One that belongs elsewhere is left alone.
    pub(super) fn move_on_in_passing(&self, executor: u64) {
        if self.is_parked_under(executor) {
            self.move_on(|| executor);
        }
    }

    fn move_on(&self, executor: impl Fn() -> u64) {
        // Whoever finds the task taken is registered, and woken where it has to be polled once more.
        let Some(mut parked) = lock(&self.state).parked.take() else { return };
        if !self.is_parked_under(executor()) {
            // Its owner takes that for its end.
            return drop(parked);
        }
        let waker = Waker::from(Arc::clone(&self.waiters));
        self.waiters.forget_wakes();
        let polled =
            catch_unwind(AssertUnwindSafe(|| parked.as_mut().poll(&mut Context::from_waker(&waker))));
        // After a panic, as in a task of its own, the outcome is there: whoever polls it is not to blame.
        if matches!(polled, Ok(Poll::Pending)) {
            self.keep(parked);
            if self.waiters.has_woken() {
                self.waiters.wake_all();
            }
        }
    }

    /// Until the flight ends; a task that comes too late is dropped, once the lock is free.
    fn keep(&self, parked: BoxFuture<'static, ()>) {
        let mut state = lock(&self.state);
        if state.outcome.is_none() {
            state.parked = Some(parked);
        }
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").field("outcome", &lock(&self.state).outcome).finish_non_exhaustive()
    }
}

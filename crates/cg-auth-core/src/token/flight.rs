//! [`Flight`]: one attempt, and everybody who waits for it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{IssuedToken, TokenError, waiters::Waiters};
use crate::time::BoxFuture;

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
    parked: Option<Parked>,
}

/// What became of an attempt.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// It has come to its end.
    Ended(Result<IssuedToken, TokenError>),
    /// It has been given up; whoever waits asks the session anew.
    Gone,
}

struct Parked {
    task: BoxFuture<'static, ()>,
    executor: u64,
}

impl Flight {
    /// Keeps what could not be spawned. I/O that was begun under one executor does not go on under another.
    pub(super) fn park(&self, task: BoxFuture<'static, ()>, executor: u64) {
        self.state().parked = Some(Parked { task, executor });
        // Somebody may wait already, and nobody else moves the task.
        self.waiters.wake_all();
    }

    /// The first outcome counts. Everybody who waits is woken.
    pub(super) fn end(&self, outcome: Outcome) {
        self.state().outcome.get_or_insert(outcome);
        self.waiters.wake_all();
    }

    /// Waits for the outcome, moving a parked attempt on meanwhile. Dropping the future leaves everything as it is.
    pub(super) async fn outcome(&self, executor: impl Fn() -> u64) -> Outcome {
        self.waiters
            .until(|| {
                self.move_on(&executor);
                self.state().outcome.clone()
            })
            .await
    }

    fn move_on(&self, executor: impl Fn() -> u64) {
        // Whoever finds the task taken is registered, and woken where it has to be polled once more.
        let Some(mut parked) = self.state().parked.take() else { return };
        if parked.executor != executor() {
            // Its owner takes that for its end.
            return drop(parked);
        }
        let waker = Waker::from(Arc::clone(&self.waiters));
        self.waiters.forget_wakes();
        if parked.task.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
            self.state().parked = Some(parked);
            if self.waiters.has_woken() {
                self.waiters.wake_all();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").field("outcome", &self.state().outcome).finish_non_exhaustive()
    }
}

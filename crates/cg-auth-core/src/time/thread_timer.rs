//! A timer on a thread of its own, for a future that no async runtime's timer may ever wake.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use super::Now;
use crate::caught::caught;

/// A future that is ready once the monotonic clock of [`Now::system`] reads `deadline`. It fails if the system
/// has no thread left for the timer.
pub(super) struct SleepUntil {
    deadline: Duration,
    /// The number of its entry, once it has one.
    number: Option<u64>,
}

/// The timer has no thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoThread;

impl SleepUntil {
    pub(super) const fn new(deadline: Duration) -> Self {
        Self { deadline, number: None }
    }
}

impl Future for SleepUntil {
    type Output = Result<(), NoThread>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if Now::system().monotonic() >= self.deadline {
            return Poll::Ready(Ok(()));
        }
        // A waker is user code, so it is cloned and dropped outside of the lock.
        let waker = context.waker().clone();
        let mut state = TIMER.state();
        if !state.start_thread() {
            drop(state);
            return Poll::Ready(Err(NoThread));
        }
        let number = self.number.unwrap_or_else(|| state.next_number());
        self.number = Some(number);
        let replaced = state.wakers.insert((self.deadline, number), waker);
        let wakes_too_late = state.wakes_at.is_none_or(|wakes_at| self.deadline < wakes_at);
        drop(state);
        drop(replaced);
        if wakes_too_late {
            TIMER.changed.notify_one();
        }
        Poll::Pending
    }
}

impl Drop for SleepUntil {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let waker = TIMER.state().wakers.remove(&(self.deadline, number));
        drop(waker);
    }
}

struct Timer {
    state: Mutex<State>,
    /// Signals that the thread has to wake earlier.
    changed: Condvar,
}

struct State {
    /// By deadline, and a number that sets equal deadlines apart.
    wakers: BTreeMap<(Duration, u64), Waker>,
    last_number: u64,
    has_thread: bool,
    /// When the thread wakes by itself; `None` while it waits for the first sleep.
    wakes_at: Option<Duration>,
}

static TIMER: Timer = Timer {
    state: Mutex::new(State { wakers: BTreeMap::new(), last_number: 0, has_thread: false, wakes_at: None }),
    changed: Condvar::new(),
};

impl Timer {
    fn run(&self) {
        let mut state = self.state();
        loop {
            let now = Now::system().monotonic();
            let later = state.wakers.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut state.wakers, later);
            if !due.is_empty() {
                drop(state);
                for waker in due.into_values() {
                    // A panic of one waker must not keep the others asleep.
                    caught(|| waker.wake());
                }
                state = self.state();
                continue;
            }
            state.wakes_at = state.wakers.first_key_value().map(|((deadline, _), _)| *deadline);
            state = match state.wakes_at.map(|wakes_at| wakes_at.saturating_sub(now)) {
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Starts the thread at the first sleep. Returns false if the system has none left; the next sleep tries
    /// again.
    fn start_thread(&mut self) -> bool {
        if !self.has_thread {
            let thread = thread::Builder::new().name("cg-auth-timer".into()).spawn(|| TIMER.run());
            self.has_thread = thread.is_ok();
        }
        self.has_thread
    }

    const fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

#[cfg(test)]
pub(super) use self::tests::block_on;

#[cfg(test)]
mod tests;

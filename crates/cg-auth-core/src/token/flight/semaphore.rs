//! [`Semaphore`]: how many acquisitions run at once, first come, first served.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::token::sync::{Mutex, lock};

/// A fair semaphore. A free permit goes to the first in the queue at once, so nothing overtakes it.
pub(in crate::token) struct Semaphore {
    state: Mutex<State>,
}

struct State {
    limit: usize,
    held: usize,
    last_number: u64,
    /// The waiters by number, in order of arrival. The waker is `None` until the first poll.
    queue: BTreeMap<u64, Option<Waker>>,
}

impl Semaphore {
    pub(in crate::token) fn new(limit: usize) -> Arc<Self> {
        let state = State { limit, held: 0, last_number: 0, queue: BTreeMap::new() };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// Waits for a permit. Dropping the future gives up the place in the queue.
    pub(in crate::token) async fn acquire_permit(self: &Arc<Self>) -> Permit {
        let number = self.change(|state| {
            state.last_number += 1;
            state.queue.insert(state.last_number, None);
            state.last_number
        });
        let permit = Permit { semaphore: Arc::clone(self), number };
        poll_fn(|context| self.poll_granted(number, context)).await;
        permit
    }

    /// Changes the number of permits. Holders beyond a lower limit keep theirs.
    pub(in crate::token) fn set_limit(&self, limit: usize) {
        self.change(|state| state.limit = limit);
    }

    /// How many permits are held, and how many acquisitions wait for one.
    pub(in crate::token) fn counts(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.held, state.queue.len())
    }

    fn poll_granted(&self, number: u64, context: &Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        let Some(waker) = state.queue.get_mut(&number) else { return Poll::Ready(()) };
        let before = waker.replace(context.waker().clone());
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// Changes the state, grants the permits that are free then, and wakes outside of the lock.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = lock(&self.state);
        let result = change(&mut state);
        let mut wakers = Vec::new();
        while state.held < state.limit
            && let Some((_, waker)) = state.queue.pop_first()
        {
            state.held += 1;
            wakers.extend(waker);
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        result
    }
}

/// A permit, or the place in the queue for one. Dropping it gives it back.
pub(in crate::token) struct Permit {
    semaphore: Arc<Semaphore>,
    number: u64,
}

impl Drop for Permit {
    fn drop(&mut self) {
        // The waker is dropped outside of the lock.
        let place = self.semaphore.change(|state| {
            let place = state.queue.remove(&self.number);
            state.held -= usize::from(place.is_none());
            place
        });
        drop(place);
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;

//! [`Permits`]: how many do something at once, first come, first served.

use std::{
    collections::BTreeMap,
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::sync::{Mutex, MutexGuard, lock};

/// A number of permits, and the queue of those who wait for one. Each has an owner `T`, so that it can be seen who
/// holds them.
///
/// A permit is handed to the first in the queue, whether or not that one is ever polled again: nobody overtakes.
pub(super) struct Permits<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    limit: usize,
    next: u64,
    holders: BTreeMap<u64, T>,
    queue: BTreeMap<u64, Queued<T>>,
}

struct Queued<T> {
    owner: T,
    waker: Option<Waker>,
}

impl<T> Permits<T> {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        let state = State { limit, next: 0, holders: BTreeMap::new(), queue: BTreeMap::new() };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// The place in the queue is taken at the first poll, and given up when the future is dropped.
    pub(super) async fn acquire(self: &Arc<Self>, owner: T) -> Permit<T> {
        let permit = self.enqueue(owner);
        poll_fn(|context| self.poll_granted(permit.number, context)).await;
        permit
    }

    /// Those who hold a permit go on where there are more of them than that.
    pub(super) fn set_limit(&self, limit: usize) {
        self.change(|state| state.limit = limit);
    }

    pub(super) fn holders(&self) -> Vec<(u64, T)>
    where
        T: Clone,
    {
        self.state().holders.iter().map(|(number, owner)| (*number, owner.clone())).collect()
    }

    pub(super) fn is_held(&self, number: u64) -> bool {
        self.state().holders.contains_key(&number)
    }

    /// How many hold a permit, and how many wait.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.holders.len(), state.queue.len())
    }

    fn enqueue(self: &Arc<Self>, owner: T) -> Permit<T> {
        let number = self.change(|state| {
            state.next += 1;
            state.queue.insert(state.next, Queued { owner, waker: None });
            state.next
        });
        Permit { permits: Arc::clone(self), number }
    }

    fn poll_granted(&self, number: u64, context: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        let Some(queued) = state.queue.get_mut(&number) else { return Poll::Ready(()) };
        let before = queued.waker.replace(context.waker().clone());
        drop(state);
        drop(before);
        Poll::Pending
    }

    fn change<R>(&self, change: impl FnOnce(&mut State<T>) -> R) -> R {
        let mut state = self.state();
        let result = change(&mut state);
        let wakers = state.grant();
        drop(state);
        // Outside of the lock: whoever is woken may look here at once.
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }
}

impl<T> State<T> {
    fn grant(&mut self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while self.holders.len() < self.limit
            && let Some((number, queued)) = self.queue.pop_first()
        {
            self.holders.insert(number, queued.owner);
            wakers.extend(queued.waker);
        }
        wakers
    }
}

impl<T> fmt::Debug for Permits<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (held, waiting) = self.counts();
        f.debug_struct("Permits").field("held", &held).field("waiting", &waiting).finish()
    }
}

/// A permit, or the place in the queue for one. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Permit<T> {
    permits: Arc<Permits<T>>,
    number: u64,
}

impl<T> Drop for Permit<T> {
    fn drop(&mut self) {
        let given_back = self
            .permits
            .change(|state| (state.holders.remove(&self.number), state.queue.remove(&self.number)));
        drop(given_back);
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;

//! [`Waiters`]: the wakers of all callers who wait for the same thing.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use crate::caught::caught;
use crate::token::sync::{Mutex, lock};

/// Wakes every waiter at once. A single wake would be lost if its waiter is dropped or not polled again.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    registry: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    wakers: BTreeMap<u64, Waker>,
    last_number: u64,
    wakes: u64,
}

impl Waiters {
    /// Waits until `look` returns a value. It is called at each poll.
    pub(super) async fn until<T>(&self, mut look: impl FnMut(&Context<'_>) -> Option<T>) -> T {
        let registration = Registration::new(self);
        poll_fn(|context| {
            // Registers before it looks, so that a change in between wakes it.
            registration.register(context.waker().clone());
            look(context).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    pub(super) fn wake_all(&self) {
        let mut registry = lock(&self.registry);
        registry.wakes += 1;
        let wakers = std::mem::take(&mut registry.wakers);
        drop(registry);
        for waker in wakers.into_values() {
            // A panic of one waker must not keep the other waiters asleep.
            caught(|| waker.wake());
        }
    }

    /// How often the waiters were woken.
    pub(super) fn wakes(&self) -> u64 {
        lock(&self.registry).wakes
    }
}

/// The waker of a parked future wakes every waiter, because any of them may poll the future.
impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }
}

/// The entry of one waiter. Wakers are dropped outside of the lock: one may own another waiter.
struct Registration<'a> {
    waiters: &'a Waiters,
    number: u64,
}

impl<'a> Registration<'a> {
    fn new(waiters: &'a Waiters) -> Self {
        let mut registry = lock(&waiters.registry);
        registry.last_number += 1;
        Self { waiters, number: registry.last_number }
    }

    fn register(&self, waker: Waker) {
        let before = lock(&self.waiters.registry).wakers.insert(self.number, waker);
        drop(before);
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        let waker = lock(&self.waiters.registry).wakers.remove(&self.number);
        drop(waker);
    }
}

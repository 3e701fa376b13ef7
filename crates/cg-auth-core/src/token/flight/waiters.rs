//! [`Waiters`]: the wakers of all callers who wait for the same thing.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use slab::Slab;

use crate::caught::caught;
use crate::token::sync::{Mutex, lock};

/// Wakes every waiter at once. A single wake would be lost if its waiter is dropped or not polled again.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    registry: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    /// `None` for a waiter that was woken and has not been polled since.
    wakers: Slab<Option<Waker>>,
    wakes: u64,
}

impl Waiters {
    /// Waits until `look` returns a value. Each poll that finds none calls `act` and looks again.
    pub(super) async fn until<T>(&self, look: impl Fn() -> Option<T>, act: impl Fn(&Context<'_>)) -> T {
        let mut registration = Registration { waiters: self, entry: None };
        poll_fn(|context| {
            // Most polls after the first one come from a wake, and find the value.
            let found = registration.entry.and_then(|_| look());
            let found = found.or_else(|| {
                // Registers before it looks, so that a change in between wakes it.
                registration.register(context.waker());
                act(context);
                look()
            });
            found.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    pub(super) fn wake_all(&self) {
        let mut registry = lock(&self.registry);
        registry.wakes += 1;
        let wakers: Vec<_> = registry.wakers.iter_mut().filter_map(|(_, waker)| waker.take()).collect();
        drop(registry);
        for waker in wakers {
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
    /// Where its waker is, once it has been polled.
    entry: Option<usize>,
}

impl Registration<'_> {
    fn register(&mut self, waker: &Waker) {
        let waker = Some(waker.clone());
        let mut registry = lock(&self.waiters.registry);
        let before = match self.entry {
            Some(entry) => std::mem::replace(&mut registry.wakers[entry], waker),
            None => {
                self.entry = Some(registry.wakers.insert(waker));
                None
            }
        };
        drop(registry);
        drop(before);
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        let Some(entry) = self.entry else { return };
        let waker = lock(&self.waiters.registry).wakers.remove(entry);
        drop(waker);
    }
}

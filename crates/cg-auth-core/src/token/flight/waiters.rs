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
    /// Of the waiters that were polled since the last wake.
    wakers: Slab<Waker>,
    wakes: u64,
}

impl Waiters {
    /// Waits until `look` returns a value. Each poll that finds none calls `act` and looks again.
    pub(super) async fn until<T>(&self, look: impl Fn() -> Option<T>, act: impl Fn(&Context<'_>)) -> T {
        let mut registration = Registration { waiters: self, entry: None };
        poll_fn(|context| {
            // Most polls after the first one come from a wake, and find the value.
            let found = registration.entry.as_ref().and_then(|_| look());
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
        let wakers = std::mem::take(&mut registry.wakers);
        drop(registry);
        for (_, waker) in wakers {
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
    entry: Option<Entry>,
}

/// Where a waker is until the next wake.
struct Entry {
    place: usize,
    /// How often the waiters had been woken when it came there.
    wakes: u64,
}

impl Registry {
    fn place_of(&self, entry: Option<&Entry>) -> Option<usize> {
        entry.filter(|entry| entry.wakes == self.wakes).map(|entry| entry.place)
    }
}

impl Registration<'_> {
    fn register(&mut self, waker: &Waker) {
        let waker = waker.clone();
        let mut registry = lock(&self.waiters.registry);
        let before = match registry.place_of(self.entry.as_ref()) {
            Some(place) => Some(std::mem::replace(&mut registry.wakers[place], waker)),
            None => {
                self.entry = Some(Entry { place: registry.wakers.insert(waker), wakes: registry.wakes });
                None
            }
        };
        drop(registry);
        drop(before);
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        let mut registry = lock(&self.waiters.registry);
        let place = registry.place_of(self.entry.as_ref());
        let waker = place.map(|place| registry.wakers.remove(place));
        drop(registry);
        drop(waker);
    }
}

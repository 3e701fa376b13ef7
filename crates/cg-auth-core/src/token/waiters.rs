//! [`Waiters`]: whoever waits for the same thing, woken all at once.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::Arc,
    task::{Poll, Wake, Waker},
};

use crate::sync::{Mutex, lock};

/// The wakers of those who wait. Everybody is woken, so that no wake can be lost with a waiter who is woken and
/// then dropped, or who is never polled again.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    registry: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    wakers: BTreeMap<u64, Waker>,
    next: u64,
    has_woken: bool,
}

impl Waiters {
    /// Waits until `look` gives something. It is called at first, after each wake, and whenever the future happens
    /// to be polled.
    pub(super) async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        let place = Place { waiters: self, number: self.new_number() };
        poll_fn(|context| {
            // First registered, then looked: what happens in between wakes.
            place.take(context.waker().clone());
            look().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Wakes everybody who waits at this moment.
    pub(super) fn wake_all(&self) {
        let mut registry = lock(&self.registry);
        registry.has_woken = true;
        let wakers = std::mem::take(&mut registry.wakers);
        drop(registry);
        wakers.into_values().for_each(Waker::wake);
    }

    /// Forgets that anybody was woken, to be asked again with [`has_woken`](Self::has_woken).
    pub(super) fn forget_wakes(&self) {
        lock(&self.registry).has_woken = false;
    }

    pub(super) fn has_woken(&self) -> bool {
        lock(&self.registry).has_woken
    }

    fn new_number(&self) -> u64 {
        let mut registry = lock(&self.registry);
        registry.next += 1;
        registry.next
    }
}

/// As a waker of what they all wait for.
impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }
}

struct Place<'a> {
    waiters: &'a Waiters,
    number: u64,
}

/// A waker is dropped outside of the lock: its owner may look here once more.
impl Place<'_> {
    fn take(&self, waker: Waker) {
        let before = lock(&self.waiters.registry).wakers.insert(self.number, waker);
        drop(before);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let waker = lock(&self.waiters.registry).wakers.remove(&self.number);
        drop(waker);
    }
}

//! [`Waiters`]: whoever waits for the same thing, woken all at once.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Wake, Waker},
};

/// The wakers of those who wait. Everybody is woken, so that no wake can be lost with a waiter who is woken and
/// then dropped, or who is never polled again.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    registry: Mutex<Registry>,
    has_woken: AtomicBool,
}

#[derive(Debug, Default)]
struct Registry {
    wakers: BTreeMap<u64, Waker>,
    next: u64,
}

impl Waiters {
    /// Waits until `look` gives something. It is called at first, after each wake, and whenever the future happens
    /// to be polled.
    pub(super) async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        let place = Place { waiters: self, number: self.new_number() };
        poll_fn(|context| {
            // First registered, then looked: what happens in between wakes.
            self.registry().wakers.insert(place.number, context.waker().clone());
            look().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Wakes everybody who waits at this moment.
    pub(super) fn wake_all(&self) {
        self.has_woken.store(true, Ordering::SeqCst);
        let wakers = std::mem::take(&mut self.registry().wakers);
        wakers.into_values().for_each(Waker::wake);
    }

    /// Forgets that anybody was woken, to be asked again with [`has_woken`](Self::has_woken).
    pub(super) fn forget_wakes(&self) {
        self.has_woken.store(false, Ordering::SeqCst);
    }

    pub(super) fn has_woken(&self) -> bool {
        self.has_woken.load(Ordering::SeqCst)
    }

    fn new_number(&self) -> u64 {
        let mut registry = self.registry();
        registry.next += 1;
        registry.next
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As a waker of what they all wait for.
impl Wake for Waiters {
    fn wake(self: std::sync::Arc<Self>) {
        self.wake_all();
    }
}

struct Place<'a> {
    waiters: &'a Waiters,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // The waker is dropped outside of the lock: its owner may look here once more.
        let waker = self.waiters.registry().wakers.remove(&self.number);
        drop(waker);
    }
}

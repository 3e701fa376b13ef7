//! [`Semaphore`]: how many acquisitions run at once, first come, first served.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Arc, Weak},
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::Deadline;
use crate::{
    caught::caught,
    client::AuthClient,
    time::Now,
    token::sync::{Mutex, lock},
};

/// A fair semaphore. A free permit goes to the first in the queue at once, so nothing overtakes it.
pub(in crate::token) struct Semaphore {
    /// Its clock tells when a permit is granted, because the task that gets it may never be polled again.
    client: AuthClient,
    limit: usize,
    state: Mutex<State>,
}

/// The owner of an acquisition that needs a permit.
pub(in crate::token) trait Holder: Send + Sync {
    /// The acquisition loses its permit, because its time is over.
    fn permit_ends(&self);
}

struct State {
    held: BTreeMap<u64, Claim>,
    last_number: u64,
    /// By number, in order of arrival.
    queue: BTreeMap<u64, Place>,
}

struct Place {
    /// `None` until the first poll.
    waker: Option<Waker>,
    claim: Claim,
}

struct Claim {
    deadline: Arc<Deadline>,
    holder: Weak<dyn Holder>,
}

impl Semaphore {
    pub(in crate::token) fn new(limit: usize, client: AuthClient) -> Arc<Self> {
        let state = State { held: BTreeMap::new(), last_number: 0, queue: BTreeMap::new() };
        Arc::new(Self { client, limit, state: Mutex::new(state) })
    }

    /// Waits for a permit. Dropping the future gives up the place in the queue.
    pub(in crate::token) async fn acquire_permit(
        self: &Arc<Self>,
        deadline: Arc<Deadline>,
        holder: Weak<dyn Holder>,
    ) -> Permit {
        deadline.queue();
        let claim = Claim { deadline, holder };
        let number = self.change(|state| {
            state.last_number += 1;
            state.queue.insert(state.last_number, Place { waker: None, claim });
            state.last_number
        });
        let permit = Permit { semaphore: Arc::clone(self), number };
        poll_fn(|context| self.poll_granted(number, context)).await;
        permit
    }

    /// Ends the acquisitions that hold a permit beyond their time, and frees their permits. Returns the time
    /// until the next one is over.
    pub(in crate::token) fn end_overdue(&self, now: Now) -> Option<Duration> {
        // First the acquisitions, so that they do not run beside the next ones. A holder may let one go on, so
        // the permits are freed in any case.
        let overdue = |claim: &&Claim| claim.deadline.is_over(now);
        let holders: Vec<_> = {
            let state = lock(&self.state);
            state.held.values().filter(overdue).map(|claim| Weak::clone(&claim.holder)).collect()
        };
        for holder in holders.iter().filter_map(Weak::upgrade) {
            holder.permit_ends();
        }
        self.change(|state| state.held.retain(|_, claim| !claim.deadline.is_over(now)));
        lock(&self.state).held.values().filter_map(|claim| claim.deadline.left(now)).min()
    }

    /// How many permits are held, and how many acquisitions wait for one.
    pub(in crate::token) fn counts(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.held.len(), state.queue.len())
    }

    fn poll_granted(&self, number: u64, context: &Context<'_>) -> Poll<()> {
        // Cloned and dropped outside of the lock, because a waker is code of the program.
        let waker = context.waker().clone();
        let mut state = lock(&self.state);
        let Some(place) = state.queue.get_mut(&number) else {
            drop(state);
            return Poll::Ready(());
        };
        let before = place.waker.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// Changes the state, grants the permits that are free then, and wakes outside of the lock.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        // The clock is code of the program.
        let now = self.client.runtime().now();
        let mut state = lock(&self.state);
        let result = change(&mut state);
        let mut wakers = Vec::new();
        while state.held.len() < self.limit
            && let Some((number, Place { waker, claim })) = state.queue.pop_first()
        {
            claim.deadline.grant(now);
            state.held.insert(number, claim);
            wakers.extend(waker);
        }
        drop(state);
        for waker in wakers {
            // A panic of one waker must not keep the others asleep.
            caught(|| waker.wake());
        }
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
        let before = self
            .semaphore
            .change(|state| (state.held.remove(&self.number), state.queue.remove(&self.number)));
        drop(before);
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;

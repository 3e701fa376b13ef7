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
pub(in crate::token) trait PermitOwner: Send + Sync {
    /// The acquisition loses its permit, because its time is over.
    fn permit_ends(&self);
}

struct State {
    /// By number, in order of arrival: first those that hold a permit, then the queue.
    places: BTreeMap<u64, Place>,
    held: usize,
    last_number: u64,
}

struct Place {
    has_permit: bool,
    /// `None` until the first poll, and once it has the permit.
    waker: Option<Waker>,
    deadline: Arc<Deadline>,
    owner: Weak<dyn PermitOwner>,
}

impl State {
    fn with_permit(&self) -> impl Iterator<Item = &Place> {
        self.places.values().take(self.held)
    }
}

impl Semaphore {
    pub(in crate::token) fn new(limit: usize, client: AuthClient) -> Arc<Self> {
        let state = State { places: BTreeMap::new(), held: 0, last_number: 0 };
        Arc::new(Self { client, limit, state: Mutex::new(state) })
    }

    /// Waits for a permit. Dropping the future gives up the place in the queue.
    pub(in crate::token) async fn acquire_permit(
        self: &Arc<Self>,
        deadline: Arc<Deadline>,
        owner: Weak<dyn PermitOwner>,
    ) -> Permit {
        deadline.queue();
        let mut place = Some(Place { has_permit: false, waker: None, deadline, owner });
        let mut number = 0;
        self.change(&mut |state| {
            state.last_number += 1;
            number = state.last_number;
            state.places.extend(place.take().map(|place| (number, place)));
        });
        let permit = Permit { semaphore: Arc::clone(self), number };
        poll_fn(|context| self.poll_granted(number, context)).await;
        permit
    }

    /// Ends the acquisitions that hold a permit beyond their time, and frees their permits. Returns the time
    /// until the next one is over.
    pub(in crate::token) fn end_overdue(&self, now: Now) -> Option<Duration> {
        // First the acquisitions, so that they do not run beside the next ones. An owner may let one go on, so
        // the permits are freed in any case.
        let overdue = |place: &&Place| place.deadline.is_over(now);
        let owners: Vec<_> = {
            let state = lock(&self.state);
            state.with_permit().filter(overdue).map(|place| Weak::clone(&place.owner)).collect()
        };
        for owner in owners.iter().filter_map(Weak::upgrade) {
            owner.permit_ends();
        }
        self.change(&mut |state| {
            let before = state.places.len();
            state.places.retain(|_, place| !place.has_permit || !place.deadline.is_over(now));
            state.held -= before - state.places.len();
        });
        lock(&self.state).with_permit().filter_map(|place| place.deadline.left(now)).min()
    }

    /// How many permits are held, and how many acquisitions wait for one.
    pub(in crate::token) fn counts(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.held, state.places.len() - state.held)
    }

    fn poll_granted(&self, number: u64, context: &Context<'_>) -> Poll<()> {
        // Cloned and dropped outside of the lock, because a waker is code of the program.
        let waker = context.waker().clone();
        let mut state = lock(&self.state);
        let place = state.places.get_mut(&number).filter(|place| !place.has_permit);
        let Some(place) = place else {
            drop(state);
            return Poll::Ready(());
        };
        let before = place.waker.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// Changes the state, grants the permits that are free then, and wakes outside of the lock.
    fn change(&self, change: &mut dyn FnMut(&mut State)) {
        // The clock is code of the program.
        let now = self.client.runtime().now();
        let mut state = lock(&self.state);
        change(&mut state);
        let State { places, held, .. } = &mut *state;
        let mut wakers = Vec::new();
        let free = self.limit.saturating_sub(*held).min(places.len() - *held);
        for place in places.values_mut().skip(*held).take(free) {
            place.has_permit = true;
            place.deadline.grant(now);
            *held += 1;
            wakers.extend(place.waker.take());
        }
        drop(state);
        for waker in wakers {
            // A panic of one waker must not keep the others asleep.
            caught(|| waker.wake());
        }
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
        let mut place = None;
        self.semaphore.change(&mut |state| {
            place = state.places.remove(&self.number);
            state.held -= usize::from(place.as_ref().is_some_and(|place| place.has_permit));
        });
        drop(place);
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;

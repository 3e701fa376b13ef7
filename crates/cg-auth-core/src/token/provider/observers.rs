//! [`Observers`]: the observers of a provider, notified in the order of the events.

use std::{collections::VecDeque, sync::Arc};

use crate::caught::caught;
use crate::token::{
    Event,
    sync::{Mutex, lock},
};

pub(super) type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// Events are queued under the lock of the session, and observers are notified later, under no lock.
#[derive(Default)]
pub(super) struct Observers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    observers: Vec<Observer>,
    queue: VecDeque<Event>,
    is_notifying: bool,
}

impl Observers {
    pub(super) fn add(&self, observer: Observer) {
        lock(&self.state).observers.push(observer);
    }

    /// Lets `other` notify the same observers.
    pub(super) fn copy_to(&self, other: &Self) {
        let observers = lock(&self.state).observers.clone();
        lock(&other.state).observers = observers;
    }

    pub(super) fn queue(&self, events: Vec<Event>) {
        if !events.is_empty() {
            lock(&self.state).queue.extend(events);
        }
    }

    /// Passes the queued events to the observers. One thread at a time does so, which keeps their order. A
    /// second thread, or an observer that calls the provider, leaves its events to the first one.
    pub(super) fn notify(&self) {
        if std::mem::replace(&mut lock(&self.state).is_notifying, true) {
            return;
        }
        while let Some((event, observers)) = self.next() {
            for observer in &observers {
                // The panic of an observer must not fail the caller that caused the event.
                caught(|| observer(&event));
            }
            // An error in the event may be the program's, and its `Drop` may panic or call the provider.
            caught(|| drop((event, observers)));
        }
    }

    fn next(&self) -> Option<(Event, Vec<Observer>)> {
        let mut state = lock(&self.state);
        let event = state.queue.pop_front();
        state.is_notifying = event.is_some();
        event.map(|event| (event, state.observers.clone()))
    }
}

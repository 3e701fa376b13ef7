//! [`Observers`]: who is told what happens, in the order in which it does.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    sync::{Mutex, lock},
    token::Event,
};

pub(super) type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// Events are noted where they happen, under the lock of the session, and told later, under none.
#[derive(Default)]
pub(super) struct Observers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    observers: Vec<Observer>,
    untold: VecDeque<Event>,
    is_telling: bool,
}

impl Observers {
    pub(super) fn add(&self, observer: Observer) {
        lock(&self.state).observers.push(observer);
    }

    pub(super) fn note(&self, events: Vec<Event>) {
        if !events.is_empty() {
            lock(&self.state).untold.extend(events);
        }
    }

    /// Tells what was noted. One thread does so at a time, or the order would be lost; the others leave it to that
    /// one, and so does an observer that comes back here.
    pub(super) fn tell(&self) {
        let mut state = lock(&self.state);
        if std::mem::replace(&mut state.is_telling, true) {
            return;
        }
        while let Some(event) = state.untold.pop_front() {
            let observers = state.observers.clone();
            drop(state);
            for observer in observers {
                // Whoever caused the event is not to blame for the panic of an observer.
                let _ = catch_unwind(AssertUnwindSafe(|| observer(&event)));
            }
            state = lock(&self.state);
        }
        state.is_telling = false;
    }
}

//! Several processes and one store: the rules of a fleet, each by its number in `token::store` and in the guide to
//! several processes.

mod adoption;
mod failures;
mod late_answers;
mod leases;
mod local;
mod outages;

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use cg_auth_core::{
    ClientSecret, TokenProvider,
    testing::{ManualClock, ScriptedStore, ScriptedTransport},
    token::Event,
};

use super::{Tasks, TestRuntime, bounded, client, poll_once, until, user};
use crate::support::SECRET;

/// The processes of a test, which share a store, a clock and a service.
struct Processes {
    service: ScriptedTransport,
    store: ScriptedStore,
    clock: ManualClock,
    tasks: Tasks,
    events: Arc<Mutex<Vec<&'static str>>>,
}

impl Processes {
    fn new(service: ScriptedTransport, tasks: Tasks) -> Self {
        let clock = ManualClock::new();
        let store = ScriptedStore::new(clock.clone());
        Self { service, store, clock, tasks, events: Arc::default() }
    }

    fn start(&self) -> TokenProvider {
        self.start_over(self.service.clone())
    }

    /// A process that reaches the service in a way of its own.
    fn start_over(&self, service: ScriptedTransport) -> TokenProvider {
        let runtime = TestRuntime { clock: self.clock.clone(), tasks: self.tasks };
        let secret = ClientSecret::new(SECRET).unwrap();
        let provider = TokenProvider::new(client(service, runtime), user(), secret);
        self.watch(provider)
    }

    fn watch(&self, provider: TokenProvider) -> TokenProvider {
        let events = Arc::clone(&self.events);
        provider.on_event(move |event: &Event| events.lock().unwrap().push(event.name()));
        provider.with_store(self.store.clone())
    }

    fn requests(&self) -> usize {
        self.service.requests().len()
    }

    /// Asserts which events there were since the last call, in any order. An observer is notified after a caller is
    /// served, perhaps on another thread.
    async fn assert_events(&self, expected: &[&str]) {
        until(|| self.events.lock().unwrap().len() >= expected.len()).await;
        let mut events = self.events();
        events.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(events, expected);
    }

    /// The names of the events since the last call.
    fn events(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    fn operations(&self, name: &str) -> usize {
        self.store.operations().iter().filter(|operation| **operation == name).count()
    }
}

/// The output of `future`, while the clock goes on.
async fn ticking<F: Future>(clock: &ManualClock, mut future: Pin<&mut F>) -> F::Output {
    bounded(async {
        loop {
            if let Poll::Ready(output) = poll_once(future.as_mut()).await {
                return output;
            }
            clock.advance(Duration::from_millis(50));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
    })
    .await
}

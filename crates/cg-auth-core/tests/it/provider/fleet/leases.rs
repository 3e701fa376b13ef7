//! Rules 3 and 4: one process acquires, and the others serve on or wait.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    testing::{ScriptedStore, ScriptedTransport},
    token::store::{
        Claim, Claimed, EntryOwner, Holder, Publication, Published, StoreEntry, StoreError, TokenStore,
    },
};

use tokio::sync::Semaphore;

use super::{super::*, Processes, ticking};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_process_without_a_token_waits_for_the_one_that_acquires_and_sends_nothing() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().hold_back(issue(1)), tasks);
        let (first, second) = (processes.start(), processes.start());
        let mut one = pin!(first.token());
        assert!(poll_once(one.as_mut()).await.is_pending());
        until(|| processes.requests() == 1).await;
        let mut other = pin!(second.token());
        assert!(poll_once(other.as_mut()).await.is_pending());
        until(|| processes.operations("claim") == 2).await;
        processes.service.release();
        assert_eq!(one.await.unwrap().expose_secret(), "token-1");
        until(|| processes.operations("publish") == 1).await;
        let token = ticking(&processes.clock, other).await.unwrap();
        assert_eq!((token.expose_secret(), processes.requests()), ("token-1", 1));
        processes.assert_events(&["lease_held_elsewhere", "token_acquired", "token_adopted"]).await;
    });
}

#[test]
fn a_lease_is_extended_as_long_as_the_acquisition_runs() {
    for tasks in [Tasks::Spawned, Tasks::Parked] {
        // On one thread, so that each task runs between two steps of the clock.
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(bounded(async {
            let processes = Processes::new(ScriptedTransport::new().hold_back(issue(1)), tasks);
            let (first, second) = (processes.start(), processes.start());
            let mut one = pin!(first.token());
            assert!(poll_once(one.as_mut()).await.is_pending());
            until(|| processes.requests() == 1).await;
            let mut other = pin!(second.token());
            for _ in 0..200 {
                // 20 s, more than three leases.
                processes.clock.advance(SECOND / 10);
                for _ in 0..20 {
                    assert!(poll_once(one.as_mut()).await.is_pending());
                    tokio::task::yield_now().await;
                }
                assert!(poll_once(other.as_mut()).await.is_pending());
            }
            assert_eq!(processes.requests(), 1);
            processes.service.release();
            one.await.unwrap();
        }));
    }
}

#[test]
fn the_lease_of_a_process_that_was_killed_ends_after_six_seconds() {
    everywhere(async |_| {
        let script = ScriptedTransport::new().hang().answer(issue(2));
        // Nothing of a parked acquisition is left once its only caller is gone, and nothing ends its lease.
        let processes = Processes::new(script, Tasks::Parked);
        let killed = processes.start();
        {
            let mut token = pin!(killed.token());
            assert!(poll_once(token.as_mut()).await.is_pending());
            until(|| processes.requests() == 1).await;
        }
        let second = processes.start();
        let began = processes.clock.now();
        let token = ticking(&processes.clock, pin!(second.token())).await.unwrap();
        assert_eq!(token.expose_secret(), "token-2");
        let waited = processes.clock.now().saturating_since(began);
        assert!((5 * SECOND..8 * SECOND).contains(&waited), "{waited:?}");
    });
}

#[test]
fn a_cancelled_acquisition_ends_its_lease_at_once() {
    everywhere(async |_| {
        let script = ScriptedTransport::new().hang().answer(issue(2)).answer(issue(3));
        let processes = Processes::new(script, Tasks::Spawned);
        let first = processes.start();
        let mut token = pin!(first.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| processes.requests() == 1).await;
        // The waiter begins a new acquisition.
        first.clear();
        until(|| processes.operations("publish") == 1).await;
        let second = processes.start();
        let tokens = [ticking(&processes.clock, token).await, second.token().await];
        assert!(tokens.iter().all(|token| token.as_ref().unwrap().expose_secret() == "token-2"));
    });
}

#[test]
fn a_provider_that_is_dropped_during_its_acquisition_ends_its_lease_at_once() {
    everywhere(async |_| {
        let script = ScriptedTransport::new().hang().answer(issue(2));
        let processes = Processes::new(script, Tasks::Spawned);
        {
            let provider = processes.start();
            let mut token = pin!(provider.token());
            assert!(poll_once(token.as_mut()).await.is_pending());
            until(|| processes.requests() == 1).await;
        }
        until(|| processes.operations("publish") == 1).await;
        let token = bounded(processes.start().token()).await.unwrap();
        assert_eq!(token.expose_secret(), "token-2");
    });
}

#[test]
fn a_process_with_a_valid_token_serves_on_while_another_acquires_and_adopts_the_new_one_later() {
    everywhere(async |_| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2));
        let processes = Processes::new(script, Tasks::Spawned);
        let (first, second) = (processes.start(), processes.start());
        first.token().await.unwrap();
        second.token().await.unwrap();
        processes.clock.advance(LIFETIME - Duration::from_secs(300));
        // The renewal of the first process takes long.
        first.prefetch();
        until(|| processes.requests() == 2).await;
        processes.events();
        for _ in 0..3 {
            assert_eq!(second.token().await.unwrap().expose_secret(), "token-1");
        }
        until(|| processes.events.lock().unwrap().contains(&"lease_held_elsewhere")).await;
        processes.service.release();
        until(|| processes.operations("publish") == 2).await;
        assert_eq!(second.token().await.unwrap().expose_secret(), "token-1");
        // It asks again after 10 s at most.
        processes.clock.advance(10 * SECOND);
        second.prefetch();
        until(|| second.peek().is_some_and(|token| token.expose_secret() == "token-2")).await;
        assert_eq!(processes.requests(), 2);
    });
}

/// A store that records who claims and who publishes.
#[derive(Debug, Clone)]
struct RecordsHolders {
    store: ScriptedStore,
    claims: Arc<Mutex<Vec<Holder>>>,
    publications: Arc<Mutex<Vec<Holder>>>,
}

#[async_trait]
impl TokenStore for RecordsHolders {
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry {
        self.store.entry(owner)
    }

    async fn claim(&self, entry: &StoreEntry, claim: &Claim) -> Result<Claimed, StoreError> {
        self.claims.lock().unwrap().push(claim.holder);
        self.store.claim(entry, claim).await
    }

    async fn publish(
        &self,
        entry: &StoreEntry,
        holder: Holder,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        self.publications.lock().unwrap().push(holder);
        self.store.publish(entry, holder, publication).await
    }

    async fn remove(&self, entry: &StoreEntry) -> Result<(), StoreError> {
        self.store.remove(entry).await
    }
}

#[test]
fn each_acquisition_of_a_process_is_another_holder() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)).answer(issue(2)), tasks);
        let store = RecordsHolders {
            store: processes.store.clone(),
            claims: Arc::default(),
            publications: Arc::default(),
        };
        let provider = processes.start().with_store(store.clone());
        provider.token().await.unwrap();
        until(|| store.publications.lock().unwrap().len() == 1).await;
        processes.clock.advance(LIFETIME);
        provider.token().await.unwrap();
        until(|| store.publications.lock().unwrap().len() == 2).await;
        let (claims, publications) = (store.claims.lock().unwrap(), store.publications.lock().unwrap());
        assert_eq!(*claims, *publications);
        assert_ne!(claims[0], claims[1]);
    });
}

/// A store that answers claims once the test opens the gate.
#[derive(Debug, Clone)]
struct Gated {
    store: ScriptedStore,
    gate: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenStore for Gated {
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry {
        self.store.entry(owner)
    }

    /// A store grants a claim even if the program no longer waits, as a server does.
    async fn claim(&self, entry: &StoreEntry, claim: &Claim) -> Result<Claimed, StoreError> {
        let (store, gate, entry, claim) =
            (self.store.clone(), Arc::clone(&self.gate), entry.clone(), claim.clone());
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let granted = tokio::spawn(async move {
            drop(gate.acquire().await);
            store.claim(&entry, &claim).await
        });
        granted.await.unwrap()
    }

    async fn publish(
        &self,
        entry: &StoreEntry,
        holder: Holder,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        self.store.publish(entry, holder, publication).await
    }

    async fn remove(&self, entry: &StoreEntry) -> Result<(), StoreError> {
        self.store.remove(entry).await
    }
}

#[test]
fn a_lease_that_the_store_grants_after_the_cancellation_ends_at_once() {
    everywhere(async |_| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)), Tasks::Spawned);
        let store = Gated {
            store: processes.store.clone(),
            gate: Arc::new(Semaphore::new(0)),
            waiting: Arc::default(),
        };
        {
            let provider = processes.start().with_store(store.clone());
            let mut token = pin!(provider.token());
            assert!(poll_once(token.as_mut()).await.is_pending());
            until(|| store.waiting.load(Ordering::SeqCst) == 1).await;
        }
        store.gate.add_permits(1);
        until(|| processes.operations("publish") == 1).await;
        let token = bounded(processes.start().token()).await.unwrap();
        assert_eq!((token.expose_secret(), processes.requests()), ("token-1", 1));
    });
}

//! [`Fleet`]: a provider's part in a fleet, whose processes share one token in a [`TokenStore`].

mod decision;
mod health;
mod lease;
mod pending_claim;

use std::{sync::Arc, time::Duration};

use self::health::StoreHealth;
pub(super) use self::{
    decision::{Decision, LONGEST_BELIEVED, Pause, Standing, TokenAge, cool_down_after, decide},
    lease::HeldLease,
    pending_claim::PendingClaim,
};
use super::{
    session::StoreState,
    store::{Claim, Claimed, EntryOwner, Holder, Publication, Published, StoreEntry, StoreError, TokenStore},
    sync::{Mutex, lock},
};
use crate::{
    client::AuthClient,
    model::{ClientSecret, UserPrincipalName},
    time::{Runtime, within},
};

/// The entry of one user in a store. A clone is the same entry.
#[derive(Clone)]
pub(super) struct Fleet {
    client: AuthClient,
    store: SharedStore,
    /// The entry of the last secret, for when the secret source is down.
    last: Arc<Mutex<Option<(ClientSecret, StoreEntry)>>>,
}

/// A store with its health. All users of a pool share it.
#[derive(Clone)]
pub(super) struct SharedStore {
    store: Arc<dyn TokenStore>,
    health: Arc<StoreHealth>,
}

// A `dyn` store is not unwind safe by itself. Its panic fails one acquisition, which keeps no state of it.
impl std::panic::UnwindSafe for SharedStore {}
impl std::panic::RefUnwindSafe for SharedStore {}

impl SharedStore {
    pub(super) fn new(store: impl TokenStore + 'static) -> Self {
        Self { store: Arc::new(store), health: Arc::default() }
    }
}

/// The entry of one secret.
#[derive(Clone)]
pub(super) struct Entry {
    fleet: Fleet,
    entry: StoreEntry,
}

impl Fleet {
    pub(super) fn new(client: AuthClient, store: SharedStore) -> Self {
        Self { client, store, last: Arc::default() }
    }

    /// The entry of `secret`. Without a secret, the entry of the last one; `None` if there was none.
    pub(super) fn entry(&self, user: &UserPrincipalName, secret: Option<&ClientSecret>) -> Option<Entry> {
        let last = lock(&self.last).clone();
        let entry = match (secret, last) {
            (None, last) => last?.1,
            (Some(secret), Some((known, entry))) if known == *secret => entry,
            (Some(secret), _) => {
                // Derived outside of the lock, because the store is code of the program.
                let entry = self.store.store.entry(&EntryOwner::new(self.client.base_url(), user, secret));
                *lock(&self.last) = Some((secret.clone(), entry.clone()));
                entry
            }
        };
        Some(Entry { fleet: self.clone(), entry })
    }

    pub(super) fn state(&self) -> StoreState {
        match self.store.health.is_asked(self.client.runtime().now()) {
            true => StoreState::Available,
            false => StoreState::Unavailable,
        }
    }
}

impl Entry {
    /// Asks the store, unless it has just failed to answer.
    pub(super) async fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        self.fleet.store.health.admit(self.runtime().now())?;
        self.ask(self.fleet.store.store.claim(&self.entry, claim)).await
    }

    /// Tells the store, even if it has just failed to answer: the failure may be that of an extension, and the fleet
    /// waits for the outcome.
    pub(super) async fn publish(
        &self,
        holder: Holder,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        self.ask(self.fleet.store.store.publish(&self.entry, holder, publication)).await
    }

    pub(super) async fn remove(&self) -> Result<(), StoreError> {
        self.ask(self.fleet.store.store.remove(&self.entry)).await
    }

    fn runtime(&self) -> &dyn Runtime {
        self.fleet.client.runtime()
    }

    async fn ask<T>(&self, operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let health = &self.fleet.store.health;
        let runtime = self.runtime();
        let result = within(runtime, STORE_TIMEOUT, operation).await;
        let late = || Err(StoreError::new(format!("no answer within {STORE_TIMEOUT:?}")));
        let result = result.unwrap_or_else(late);
        health.observe(result.as_ref().err(), runtime.now());
        result
    }
}

/// How long one operation of a store may take.
const STORE_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a lease lasts.
pub(super) const LEASE: Duration = Duration::from_secs(6);

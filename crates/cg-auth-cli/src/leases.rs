//! [`Leases`]: the leases that this process holds in a store, so that none outlives it.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::token::store::{
    Claim, Claimed, EntryOwner, EntryState, Holder, Publication, Published, StoreEntry, StoreError,
    TokenStore,
};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{error::Elapsed, timeout},
};

/// The leases of the stores that it [tracks](Leases::tracked). A clone is the same value.
///
/// A provider ends its lease in a background task when its acquisition is cancelled. A process that ends drops that
/// task, and the next process would wait until the lease runs out. So the process calls [`end`](Leases::end) last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leases {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    /// The claims that may still win a lease.
    claims: Vec<JoinHandle<()>>,
    held: Vec<Held>,
}

/// A lease.
#[derive(Debug, Clone)]
struct Held {
    store: Arc<dyn TokenStore>,
    entry: StoreEntry,
    holder: Holder,
}

impl Leases {
    /// `store`, whose leases this value tracks from now on. The result works within a tokio runtime.
    pub(crate) fn tracked(&self, store: Arc<dyn TokenStore>) -> TrackedStore {
        TrackedStore { store, leases: self.clone() }
    }

    /// Ends every lease, within half a second. From now on each claim of a lease is an error.
    pub(crate) async fn end(&self) {
        let claims = {
            let mut state = self.state();
            state.is_over = true;
            mem::take(&mut state.claims)
        };
        // A store that does not answer in time keeps its lease until that runs out.
        let _: Result<(), Elapsed> = timeout(LONGEST_OPERATION, async {
            for claim in claims {
                let _ = claim.await;
            }
            let held = self.state().held.clone();
            for Held { store, entry, holder } in held {
                let _ = store.publish(&entry, holder, &Publication::Released).await;
                self.forget(holder);
            }
        })
        .await;
    }

    /// Makes the claim in a task, because a store may grant it after the future that waits for it is dropped.
    fn claim(
        &self,
        held: Held,
        claim: Claim,
    ) -> Result<oneshot::Receiver<Result<Claimed, StoreError>>, StoreError> {
        let (send, claimed) = oneshot::channel();
        let leases = self.clone();
        let work = async move {
            // The provider does not wait longer, so the end of the process need not either.
            let operation = timeout(LONGEST_OPERATION, held.store.claim(&held.entry, &claim));
            let Ok(claimed) = operation.await else { return };
            if matches!(claimed, Ok(Claimed::Won(_))) {
                leases.note(held);
            }
            let _ = send.send(claimed);
        };
        let mut state = self.state();
        if state.is_over {
            return Err(StoreError::new("the command is ending and claims no lease"));
        }
        state.claims.retain(|claim| !claim.is_finished());
        state.claims.push(tokio::spawn(work));
        Ok(claimed)
    }

    fn note(&self, held: Held) {
        let mut state = self.state();
        // An extension wins the same lease again.
        state.held.retain(|other| other.holder != held.holder);
        state.held.push(held);
    }

    fn forget(&self, holder: Holder) {
        self.state().held.retain(|held| held.holder != holder);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store whose leases [`Leases`] knows.
#[derive(Debug)]
pub(crate) struct TrackedStore {
    store: Arc<dyn TokenStore>,
    leases: Leases,
}

#[async_trait]
impl TokenStore for TrackedStore {
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry {
        self.store.entry(owner)
    }

    async fn claim(&self, entry: &StoreEntry, claim: &Claim) -> Result<Claimed, StoreError> {
        if claim.lease.is_none() {
            return self.store.claim(entry, claim).await;
        }
        let held = Held { store: Arc::clone(&self.store), entry: entry.clone(), holder: claim.holder };
        let claimed = self.leases.claim(held, claim.clone())?;
        let late = |_| Err(StoreError::new(format!("no answer within {LONGEST_OPERATION:?}")));
        claimed.await.unwrap_or_else(late)
    }

    async fn publish(
        &self,
        entry: &StoreEntry,
        holder: Holder,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        let published = self.store.publish(entry, holder, publication).await;
        // After a failure too: the store has just shown that it is down.
        self.leases.forget(holder);
        published
    }

    async fn remove(&self, entry: &StoreEntry) -> Result<(), StoreError> {
        self.store.remove(entry).await
    }

    async fn inspect(&self, entry: &StoreEntry) -> Result<EntryState, StoreError> {
        self.store.inspect(entry).await
    }
}

/// How long a provider waits for an operation.
const LONGEST_OPERATION: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;

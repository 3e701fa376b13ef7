//! [`Planted`]: a store with one [`Defect`].

use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    model::AccessToken,
    testing::ManualClock,
    time::{BoxFuture, Runtime as _},
    token::store::{
        Claim, Claimed, CoolDown, EntryOwner, EntryState, Holder, Lease, Publication, Published, StoreEntry,
        StoreError, StoredToken, TokenStore,
    },
};
use cg_auth_store::contract::Subject;

use super::defect::Defect::{self, *};
use crate::Memory;

/// A store in memory with one defect.
pub(super) struct Planted {
    memory: Memory,
    defect: Defect,
    gate: Arc<Mutex<Gate>>,
}

/// What waits while the store is frozen.
#[derive(Default)]
struct Gate {
    is_frozen: bool,
    wakers: Vec<Waker>,
    /// What the store does after it thaws, although its callers have given up.
    late: Vec<BoxFuture<'static, ()>>,
}

impl Planted {
    pub(super) fn new(defect: Defect) -> Self {
        Self { memory: Memory::new(), defect, gate: Arc::default() }
    }
}

impl Subject for Planted {
    fn store(&self) -> Arc<dyn TokenStore> {
        Arc::new(Defective {
            store: self.memory.store(),
            defect: self.defect,
            last: Mutex::default(),
            gate: Arc::clone(&self.gate),
            clock: self.memory.clock.clone(),
        })
    }

    fn freeze(&self) -> BoxFuture<'_, bool> {
        self.gate.lock().unwrap().is_frozen = true;
        Box::pin(async { true })
    }

    fn thaw(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let Gate { wakers, late, .. } = std::mem::take(&mut *self.gate.lock().unwrap());
            for operation in late {
                operation.await;
            }
            wakers.into_iter().for_each(Waker::wake);
        })
    }

    fn pass(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.memory.pass(duration)
    }

    fn has_manual_clock(&self) -> bool {
        true
    }

    fn damage<'a>(&'a self, entry: &'a StoreEntry) -> BoxFuture<'a, bool> {
        self.memory.damage(entry)
    }
}

/// A handle of the store.
struct Defective {
    store: Arc<dyn TokenStore>,
    defect: Defect,
    /// The last publication of a token through this handle.
    last: Mutex<Option<(AccessToken, Holder)>>,
    gate: Arc<Mutex<Gate>>,
    clock: ManualClock,
}

impl Defective {
    /// Waits while the store is frozen. `operation` is what the store does then if late operations happen.
    async fn pass_the_gate(&self, operation: impl Future<Output = ()> + Send + 'static) {
        let mut operation = Some(operation);
        poll_fn(|context| {
            let mut gate = self.gate.lock().unwrap();
            if !gate.is_frozen {
                return Poll::Ready(());
            }
            gate.wakers.push(context.waker().clone());
            if let Some(operation) = operation.take().filter(|_| self.defect == LateOperationsHappen) {
                gate.late.push(Box::pin(operation));
            }
            Poll::Pending
        })
        .await;
    }
}

#[async_trait]
impl TokenStore for Defective {
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry {
        let owner = match self.defect {
            // Every case has a user of its own, except the one that compares owners.
            OneUser if !owner.user().starts_with("case-") => {
                let user = cg_auth_core::UserPrincipalName::new("one@example.com").unwrap();
                return self.store.entry(&EntryOwner::new(owner.base_url(), &user, owner.secret()));
            }
            _ => owner,
        };
        self.store.entry(owner)
    }

    async fn claim(&self, entry: &StoreEntry, claim: &Claim) -> Result<Claimed, StoreError> {
        let mut claim = claim.clone();
        let (store, of, late) = (Arc::clone(&self.store), entry.clone(), claim.clone());
        self.pass_the_gate(async move { drop(store.claim(&of, &late).await) }).await;
        match self.defect {
            UnwantedIsIgnored => claim.unwanted.clear(),
            HeldIsIgnored => claim.held = None,
            LookTakesTheLease => claim.lease = claim.lease.or(Some(Duration::from_secs(6))),
            LeasesNeverEnd => claim.lease = claim.lease.map(|lease| lease * 1000),
            LeaseIsNotExtended | RepeatedClaimIsHeld => {
                // Another holder asks first, which the lease of this holder turns away.
                let mut other = Claim::new(Holder::new(7));
                (other.held, other.unwanted) = (claim.held.clone(), claim.unwanted.clone());
                if let Claimed::Held(left) = self.store.claim(entry, &other).await? {
                    let mut own = Claim::new(claim.holder);
                    (own.held, own.unwanted) = (claim.held.clone(), claim.unwanted.clone());
                    if matches!(self.store.claim(entry, &own).await?, Claimed::Free) && claim.lease.is_some()
                    {
                        return Ok(match self.defect {
                            RepeatedClaimIsHeld => Claimed::Held(left),
                            _ => Claimed::Won(Lease::after(0)),
                        });
                    }
                }
            }
            _ => {}
        }
        let claimed = self.store.claim(entry, &claim).await?;
        Ok(match (self.defect, claimed) {
            (TwoHoldersWin, Claimed::Held(_)) if claim.lease.is_some() => Claimed::Won(Lease::after(0)),
            (CountIsForgotten, Claimed::Won(lease)) => {
                let none = Lease::after(0);
                Claimed::Won(if lease.is_unreadable { none.of_unreadable_entry() } else { none })
            }
            (UnreadableIsSilent, Claimed::Won(lease)) => Claimed::Won(Lease::after(lease.failures)),
            (NothingNewerIsForgotten, Claimed::NothingNewer) => Claimed::Won(Lease::after(0)),
            (TokenIsCutOff, Claimed::Token(token)) => {
                let text: String = token.access_token.expose_secret().chars().take(4096).collect();
                Claimed::Token(StoredToken { access_token: AccessToken::new(text).unwrap(), ..token })
            }
            (LifetimeIsLost, Claimed::Token(token)) => {
                Claimed::Token(StoredToken { lifetime: token.left, ..token })
            }
            (Panics, Claimed::CoolingDown(CoolDown { failures: 7, .. })) => panic!("planted"),
            (_, claimed) => claimed,
        })
    }

    async fn publish(
        &self,
        entry: &StoreEntry,
        holder: Holder,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        let mut publication = publication.clone();
        let (store, of, late) = (Arc::clone(&self.store), entry.clone(), publication.clone());
        let called = self.clock.now();
        self.pass_the_gate(async move { drop(store.publish(&of, holder, &late).await) }).await;
        let waited = self.clock.now().saturating_since(called);
        let mut is_repeated = false;
        if let Publication::Token(token) = &mut publication {
            let this = Some((token.access_token.clone(), holder));
            let mut last = self.last.lock().unwrap();
            is_repeated = *last == this;
            *last = this;
            if self.defect != LateTokensLiveLonger {
                token.left = token.left.map(|left| left.saturating_sub(waited));
            }
            if self.defect == TokensNeverEnd {
                let longer = |left: Duration| left + Duration::from_secs(24 * 3600);
                (token.left, token.lifetime) = (token.left.map(longer), token.lifetime.map(longer));
            }
        }
        let holder = match self.defect {
            RepeatedPublicationIsASecondIssue if is_repeated => Holder::new(holder.number() ^ 1),
            _ => holder,
        };
        let published = self.store.publish(entry, holder, &publication).await?;
        if (self.defect, published) == (LateHolderPublishes, Published::HeldElsewhere) {
            self.store.remove(entry).await?;
            return self.store.publish(entry, holder, &publication).await;
        }
        Ok(published)
    }

    async fn remove(&self, entry: &StoreEntry) -> Result<(), StoreError> {
        let (store, of) = (Arc::clone(&self.store), entry.clone());
        self.pass_the_gate(async move { drop(store.remove(&of).await) }).await;
        match self.defect {
            RemoveDoesNothing => Ok(()),
            _ => self.store.remove(entry).await,
        }
    }

    async fn inspect(&self, entry: &StoreEntry) -> Result<EntryState, StoreError> {
        match self.defect {
            InspectionIsLeftOut => return Err(StoreError::new("left out")),
            InspectionShowsAnEmptyEntry => return Ok(EntryState::default()),
            InspectionTakesTheLease => {
                let mut claim = Claim::new(Holder::random());
                claim.lease = Some(Duration::from_secs(6));
                self.store.claim(entry, &claim).await?;
            }
            _ => {}
        }
        let mut state = self.store.inspect(entry).await?;
        if self.defect == InspectionShowsAnotherCount {
            state.failures = 0;
        }
        Ok(state)
    }
}

impl fmt::Debug for Defective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.last.lock().unwrap();
        let shown = last.as_ref().filter(|_| self.defect == DebugShowsTheToken);
        f.debug_struct("Defective").field("last", &shown.map(|(token, _)| token.expose_secret())).finish()
    }
}

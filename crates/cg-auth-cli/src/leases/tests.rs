use std::{future::pending, task::Poll};

use cg_auth_core::{BaseUrl, ClientSecret, UserPrincipalName};
use cg_auth_store::{MemoryStore, Sealed};
use tokio::time::Instant;

use super::*;

const LEASE: Duration = Duration::from_secs(6);

fn entry(store: &dyn TokenStore) -> StoreEntry {
    let base_url = BaseUrl::parse("https://example.com").unwrap();
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    store.entry(&EntryOwner::new(&base_url, &user, &ClientSecret::new("s3cret").unwrap()))
}

fn claim(holder: u128) -> Claim {
    let mut claim = Claim::new(Holder::new(holder));
    claim.lease = Some(LEASE);
    claim
}

async fn is_held(store: &dyn TokenStore) -> bool {
    store.inspect(&entry(store)).await.unwrap().lease.is_some()
}

fn store() -> Arc<dyn TokenStore> {
    Arc::new(Sealed::new(MemoryStore::new()))
}

#[tokio::test]
async fn the_end_releases_a_lease_and_refuses_every_later_claim() {
    let (leases, store) = (Leases::default(), store());
    let tracked = leases.tracked(Arc::clone(&store));
    let entry = entry(&*store);
    // The second claim extends the lease of the first.
    for _ in 0..2 {
        assert!(matches!(tracked.claim(&entry, &claim(1)).await, Ok(Claimed::Won(_))));
    }
    assert!(matches!(tracked.claim(&entry, &claim(2)).await, Ok(Claimed::Held(_))));
    assert!(is_held(&*store).await);
    leases.end().await;
    assert!(!is_held(&*store).await);
    assert!(tracked.claim(&entry, &claim(1)).await.is_err());
    assert!(!is_held(&*store).await);
    assert!(matches!(tracked.claim(&entry, &Claim::new(Holder::new(3))).await, Ok(Claimed::Free)), "a look");
}

#[tokio::test]
async fn the_lease_of_another_process_stays() {
    let (leases, store) = (Leases::default(), store());
    let tracked = leases.tracked(Arc::clone(&store));
    let entry = entry(&*store);
    tracked.claim(&entry, &claim(1)).await.unwrap();
    tracked.publish(&entry, Holder::new(1), &Publication::Released).await.unwrap();
    store.claim(&entry, &claim(2)).await.unwrap();
    leases.end().await;
    assert!(is_held(&*store).await);
}

#[tokio::test]
async fn a_claim_that_nobody_waits_for_any_more_is_released_too() {
    let (leases, store) = (Leases::default(), store());
    let tracked = leases.tracked(Arc::clone(&store));
    let (entry, claim) = (entry(&*store), claim(1));
    {
        let mut claiming = tracked.claim(&entry, &claim);
        let polled =
            std::future::poll_fn(|context| Poll::Ready(claiming.as_mut().poll(context).is_pending()));
        assert!(polled.await, "the claim is on its way");
    }
    leases.end().await;
    assert!(!is_held(&*store).await);
    assert!(leases.state().held.is_empty(), "it was won, and released");
    assert!(matches!(store.claim(&entry, &claim).await, Ok(Claimed::Won(_))));
}

/// A store that grants leases, and else does nothing.
#[derive(Debug, Default)]
struct Hanging {
    grants: bool,
}

#[async_trait]
impl TokenStore for Hanging {
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry {
        store().entry(owner)
    }

    async fn claim(&self, _: &StoreEntry, _: &Claim) -> Result<Claimed, StoreError> {
        if self.grants {
            Ok(Claimed::Won(cg_auth_core::token::store::Lease::after(0)))
        } else {
            pending().await
        }
    }

    async fn publish(&self, _: &StoreEntry, _: Holder, _: &Publication) -> Result<Published, StoreError> {
        pending().await
    }

    async fn remove(&self, _: &StoreEntry) -> Result<(), StoreError> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_up_the_end_for_half_a_second() {
    for grants in [true, false] {
        let leases = Leases::default();
        let tracked = Arc::new(leases.tracked(Arc::new(Hanging { grants })));
        let entry = entry(&*tracked);
        let claiming = tokio::spawn({
            let (tracked, entry) = (Arc::clone(&tracked), entry.clone());
            async move { tracked.claim(&entry, &claim(1)).await.is_ok() }
        });
        tokio::task::yield_now().await;
        let begun = Instant::now();
        leases.end().await;
        assert_eq!(begun.elapsed().as_millis() / 10, 50, "{grants}");
        assert_eq!(claiming.await.unwrap(), grants);
    }
}

//! Stores with one planted defect each. It fails the cases that try it, and no other.

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
use cg_auth_store::contract::{Subject, Suite};

use super::Memory;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    TwoHoldersWin,
    RepeatedClaimIsHeld,
    LeaseIsNotExtended,
    RepeatedPublicationIsASecondIssue,
    TokensNeverEnd,
    LeasesNeverEnd,
    CountIsForgotten,
    TokenIsCutOff,
    UnwantedIsIgnored,
    HeldIsIgnored,
    LookTakesTheLease,
    LateHolderPublishes,
    NothingNewerIsForgotten,
    RemoveDoesNothing,
    OneUser,
    LifetimeIsLost,
    UnreadableIsSilent,
    DebugShowsTheToken,
    Panics,
    InspectionIsLeftOut,
    InspectionTakesTheLease,
    InspectionShowsAnEmptyEntry,
    InspectionShowsAnotherCount,
    LateOperationsHappen,
    LateTokensLiveLonger,
}

use Defect::*;

/// The defect, and the cases that notice it.
const EXPECTED: &[(Defect, &[&str])] = &[
    (
        TwoHoldersWin,
        &[
            "every_handle_sees_what_another_has_left",
            "one_of_many_claims_at_once_wins_the_lease",
            "a_repeated_claim_extends_the_lease",
            "the_lease_of_another_holder_is_told_with_what_is_left_of_it",
            "a_publication_does_nothing_where_another_has_the_lease",
            "an_unreadable_token_is_like_none_and_the_lease_says_so",
            "a_look_at_an_entry_changes_nothing",
            "a_publication_that_comes_late_is_not_saved_and_ends_no_lease",
        ],
    ),
    (
        RepeatedClaimIsHeld,
        &["a_repeated_claim_of_the_holder_is_answered_with_the_lease", "a_repeated_claim_extends_the_lease"],
    ),
    (LeaseIsNotExtended, &["a_repeated_claim_extends_the_lease"]),
    (RepeatedPublicationIsASecondIssue, &["a_repeated_publication_of_a_token_is_no_second_issue"]),
    (
        TokensNeverEnd,
        &[
            "a_token_ends",
            "nothing_newer_ends_with_its_token",
            "a_token_tells_what_is_left_of_its_lifetime",
            "a_token_is_handed_out_only_for_one_that_lives_shorter",
            "a_publication_ends_the_lease",
            "the_same_token_again_does_not_live_longer",
            "each_part_of_an_entry_is_shown",
            "what_has_ended_is_not_shown",
            "the_lifetime_of_a_published_token_counts_from_the_call",
        ],
    ),
    (
        LeasesNeverEnd,
        &[
            "a_lease_ends",
            "the_lease_of_another_holder_is_told_with_what_is_left_of_it",
            "each_part_of_an_entry_is_shown",
            "what_has_ended_is_not_shown",
        ],
    ),
    (
        CountIsForgotten,
        &[
            "a_cool_down_ends_and_its_count_stays",
            "a_released_lease_leaves_the_token_and_the_count",
            "what_has_ended_is_not_shown",
        ],
    ),
    (TokenIsCutOff, &["a_token_is_handed_out_unchanged"]),
    (
        UnwantedIsIgnored,
        &[
            "the_holder_is_answered_with_the_lease_whatever_the_entry_holds",
            "a_token_that_is_not_wanted_is_not_handed_out",
            "nothing_newer_comes_before_the_lease_of_another",
            "a_released_lease_leaves_the_token_and_the_count",
            "a_program_without_the_token_adopts_it_though_nothing_is_newer",
        ],
    ),
    (
        HeldIsIgnored,
        &[
            "a_repeated_publication_of_a_token_is_no_second_issue",
            "a_token_that_the_program_holds_is_not_handed_out",
            "a_token_is_handed_out_only_for_one_that_lives_shorter",
            "a_token_comes_before_the_lease_of_another",
            "a_cool_down_comes_before_nothing_newer",
            "nothing_newer_comes_before_the_lease_of_another",
            "a_token_ends_the_cool_down_and_its_count",
            "the_same_token_of_another_holder_is_nothing_newer",
            "another_token_ends_nothing_newer",
            "each_part_of_an_entry_is_shown",
        ],
    ),
    (
        LookTakesTheLease,
        &[
            "a_repeated_removal_removes_nothing_more",
            "a_token_ends",
            "a_token_of_unknown_lifetime_is_kept_for_an_hour",
            "a_token_that_the_program_holds_is_not_handed_out",
            "a_token_is_handed_out_only_for_one_that_lives_shorter",
            "a_claim_that_only_looks_takes_no_lease",
            "the_same_token_again_does_not_live_longer",
            "nothing_of_the_entry_is_left",
            "an_unreadable_token_is_like_none_and_the_lease_says_so",
            "a_claim_that_comes_late_takes_no_lease",
        ],
    ),
    (LateHolderPublishes, &["a_publication_does_nothing_where_another_has_the_lease"]),
    (
        NothingNewerIsForgotten,
        &[
            "nothing_newer_comes_before_the_lease_of_another",
            "the_same_token_of_another_holder_is_nothing_newer",
        ],
    ),
    (RemoveDoesNothing, &["a_repeated_removal_removes_nothing_more", "nothing_of_the_entry_is_left"]),
    (OneUser, &["the_same_owner_has_the_same_entry_and_others_have_others"]),
    (LifetimeIsLost, &["a_token_tells_what_is_left_of_its_lifetime"]),
    (UnreadableIsSilent, &["an_unreadable_token_is_like_none_and_the_lease_says_so"]),
    (DebugShowsTheToken, &["neither_the_store_nor_an_entry_shows_a_secret"]),
    (Panics, &["a_cool_down_tells_what_failed"]),
    (
        InspectionIsLeftOut,
        &[
            "each_part_of_an_entry_is_shown",
            "what_has_ended_is_not_shown",
            "an_unreadable_token_is_shown_as_such",
            "a_look_at_an_entry_changes_nothing",
        ],
    ),
    (
        InspectionTakesTheLease,
        &[
            "each_part_of_an_entry_is_shown",
            "what_has_ended_is_not_shown",
            "a_look_at_an_entry_changes_nothing",
        ],
    ),
    (
        InspectionShowsAnEmptyEntry,
        &[
            "each_part_of_an_entry_is_shown",
            "what_has_ended_is_not_shown",
            "an_unreadable_token_is_shown_as_such",
        ],
    ),
    (InspectionShowsAnotherCount, &["each_part_of_an_entry_is_shown", "what_has_ended_is_not_shown"]),
    (
        LateOperationsHappen,
        &[
            "a_claim_that_comes_late_takes_no_lease",
            "a_publication_that_comes_late_is_not_saved_and_ends_no_lease",
            "a_removal_that_comes_late_removes_nothing",
            "the_lifetime_of_a_published_token_counts_from_the_call",
        ],
    ),
    (LateTokensLiveLonger, &["the_lifetime_of_a_published_token_counts_from_the_call"]),
];

#[test]
fn each_planted_defect_fails_its_cases_and_no_other() {
    let mut wrong = Vec::new();
    for (defect, expected) in EXPECTED {
        let failures = Suite::new(Planted::new(*defect)).failures();
        let names: Vec<_> = failures.iter().map(|(case, _)| case.name).collect();
        if names != *expected {
            wrong.push(format!("({defect:?}, &{names:?}),"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

struct Planted {
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
    fn new(defect: Defect) -> Self {
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
            // The cases have users of their own, but those that compare owners.
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
                // Another holder asks first, whom the holder's own lease stands in the way of.
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

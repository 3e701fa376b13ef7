//! Rule 7: a store that is down, hangs, loses answers or cannot be read fails no call.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    model::AccessToken,
    testing::ScriptedTransport,
    token::{
        session::StoreState,
        store::{
            Claim, Claimed, EntryOwner, Holder, Publication, Published, StoreEntry, StoreError, StoredToken,
            TokenStore,
        },
    },
};

use super::{super::*, Processes};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_store_that_is_down_is_asked_once_in_five_seconds_and_each_process_acquires_by_itself() {
    everywhere(async |tasks| {
        let script = (1..=4).fold(ScriptedTransport::new(), |script, number| script.answer(issue(number)));
        let processes = Processes::new(script, tasks);
        processes.store.set_down(true);
        let (first, second) = (processes.start(), processes.start());
        first.token().await.unwrap();
        second.token().await.unwrap();
        assert_eq!(processes.requests(), 2);
        assert_eq!(processes.operations("claim"), 2, "a publication is not tried");
        assert_eq!(first.state().store, Some(StoreState::Unavailable));
        let each = ["store_unavailable", "token_acquired"];
        processes.assert_events(&[each, each].concat()).await;
        first.clear();
        first.token().await.unwrap();
        assert_eq!(processes.operations("claim"), 2, "the store is left alone for five seconds");
        processes.clock.advance(5 * SECOND);
        processes.store.set_down(false);
        assert_eq!(first.state().store, Some(StoreState::Available));
        first.clear();
        first.token().await.unwrap();
        assert_eq!((processes.operations("claim"), processes.operations("publish")), (3, 1));
    });
}

#[test]
fn a_store_that_hangs_costs_a_call_half_a_second() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)), tasks);
        processes.store.set_hanging(true);
        let provider = processes.start();
        let mut token = pin!(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| processes.operations("claim") == 1).await;
        processes.clock.advance(SECOND / 2 - Duration::from_millis(1));
        assert!(poll_once(token.as_mut()).await.is_pending());
        assert_eq!(processes.requests(), 0);
        processes.clock.advance(Duration::from_millis(1));
        assert_eq!(bounded(token).await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn with_a_valid_token_and_no_store_a_process_acquires_only_in_the_last_half_of_the_early_window() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)).answer(issue(2)), tasks);
        let provider = processes.start();
        provider.token().await.unwrap();
        processes.store.set_down(true);
        // The early window begins 600 s to 900 s before the expiry, and ends 30 s before it.
        processes.clock.advance(LIFETIME - Duration::from_secs(590));
        for _ in 0..10 {
            provider.token().await.unwrap();
            processes.clock.advance(10 * SECOND);
        }
        assert_eq!(processes.requests(), 1);
        processes.clock.advance(Duration::from_secs(300));
        provider.token().await.unwrap();
        until(|| {
            provider.prefetch();
            processes.requests() == 2
        })
        .await;
    });
}

#[test]
fn a_claim_whose_answer_is_lost_costs_one_more_acquisition_and_fails_no_call() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)).answer(issue(2)), tasks);
        processes.store.lose_answers(1);
        let first = processes.start();
        first.token().await.unwrap();
        processes.clock.advance(6 * SECOND);
        // Nothing was published, because the store counted as down.
        assert_eq!(processes.start().token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(first.token().await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn a_publication_whose_answer_is_lost_is_there_for_the_others() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().hold_back(issue(1)), tasks);
        let first = processes.start();
        let mut token = pin!(first.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| processes.requests() == 1).await;
        processes.store.lose_answers(1);
        processes.service.release();
        bounded(token).await.unwrap();
        until(|| processes.operations("publish") == 1).await;
        assert_eq!(processes.start().token().await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn a_lost_answer_to_an_extension_does_not_keep_the_token_from_the_others() {
    for tasks in [Tasks::Spawned, Tasks::Parked] {
        // On one thread, so that each task runs between two steps of the clock.
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(bounded(async {
            let processes = Processes::new(ScriptedTransport::new().hold_back(issue(1)), tasks);
            let first = processes.start();
            let mut token = pin!(first.token());
            assert!(poll_once(token.as_mut()).await.is_pending());
            until(|| processes.requests() == 1).await;
            processes.store.lose_answers(1);
            while processes.operations("claim") == 1 {
                processes.clock.advance(SECOND / 10);
                for _ in 0..20 {
                    assert!(poll_once(token.as_mut()).await.is_pending());
                    tokio::task::yield_now().await;
                }
            }
            assert_eq!(first.state().store, Some(StoreState::Unavailable));
            processes.service.release();
            bounded(token).await.unwrap();
            until(|| processes.operations("publish") == 1).await;
            assert_eq!(processes.start().token().await.unwrap().expose_secret(), "token-1");
        }));
    }
}

#[test]
fn an_entry_that_cannot_be_read_is_a_miss_and_an_event() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)).answer(issue(2)), tasks);
        processes.start().token().await.unwrap();
        processes.store.set_unreadable(true);
        processes.assert_events(&["token_acquired"]).await;
        assert_eq!(processes.start().token().await.unwrap().expose_secret(), "token-2");
        processes.assert_events(&["store_entry_unreadable", "token_acquired"]).await;
    });
}

/// A store that offers tokens which have ended, another one each time.
#[derive(Debug, Clone, Default)]
struct OffersEndedTokens {
    claims: Arc<AtomicU32>,
}

#[async_trait]
impl TokenStore for OffersEndedTokens {
    fn entry(&self, _: &EntryOwner<'_>) -> StoreEntry {
        StoreEntry::new("entry", Vec::new().into())
    }

    async fn claim(&self, _: &StoreEntry, _: &Claim) -> Result<Claimed, StoreError> {
        let number = self.claims.fetch_add(1, Ordering::Relaxed);
        let access_token = AccessToken::new(format!("ended-{number}")).unwrap();
        Ok(Claimed::Token(StoredToken { access_token, lifetime: Some(SECOND), left: Some(Duration::ZERO) }))
    }

    async fn publish(&self, _: &StoreEntry, _: Holder, _: &Publication) -> Result<Published, StoreError> {
        Ok(Published::Done)
    }

    async fn remove(&self, _: &StoreEntry) -> Result<(), StoreError> {
        Ok(())
    }
}

#[test]
fn a_store_that_offers_ended_tokens_without_an_end_is_asked_four_times() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)), tasks);
        let store = OffersEndedTokens::default();
        let provider = processes.start().with_store(store.clone());
        assert_eq!(bounded(provider.token()).await.unwrap().expose_secret(), "token-1");
        assert_eq!(store.claims.load(Ordering::Relaxed), 4);
        processes.assert_events(&["store_unavailable", "token_acquired"]).await;
    });
}

//! Options: each makes another provider, as on a client and a pool.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cg_auth_core::{
    IssuedToken,
    testing::{ScriptedStore, ScriptedTransport},
    token::{DurationUnit, Event},
};

use super::{LIFETIME, everywhere, issue, provider, until};

fn lifetime(token: &IssuedToken) -> Duration {
    token.expiry().lifetime().unwrap()
}

#[test]
fn an_option_makes_another_provider_and_leaves_the_clones_as_they_are() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, _clock) = provider(script.clone(), tasks);
        let acquired = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&acquired);
        provider.on_event(move |event| {
            counted.fetch_add(usize::from(matches!(event, Event::Acquired { .. })), Ordering::SeqCst);
        });
        let first = provider.token().await.unwrap();

        let minutes = provider.clone().with_duration_unit(DurationUnit::Minutes);
        assert!(minutes.peek().is_none());
        let second = minutes.token().await.unwrap();
        assert_eq!((lifetime(&first), lifetime(&second)), (LIFETIME, 60 * LIFETIME));
        assert!(provider.token().await.unwrap().is_same_issue(&first));
        assert_eq!(script.requests().len(), 2);
        until(|| acquired.load(Ordering::SeqCst) == 2).await; // the observers are those of the first provider
    });
}

#[test]
fn options_can_be_set_in_any_order() {
    everywhere(async |tasks| {
        for store_first in [true, false] {
            let (provider, clock) = provider(ScriptedTransport::new().answer(issue(1)), tasks);
            let store = ScriptedStore::new(clock);
            let provider = if store_first {
                provider.with_store(store.clone()).with_duration_unit(DurationUnit::Minutes)
            } else {
                provider.with_duration_unit(DurationUnit::Minutes).with_store(store.clone())
            };
            let token = provider.token().await.unwrap();
            assert_eq!((lifetime(&token), store.len()), (60 * LIFETIME, 1), "the store first: {store_first}");
        }
    });
}

//! What each method of the provider does.

use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    sync::{Arc, Mutex},
    time::Duration,
};

use cg_auth_core::{
    ClientSecret, TokenErrorKind, TokenProvider, TokenSource,
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    testing::ScriptedStore,
    token::{DurationUnit, Expiry, session::Session},
};
use cg_auth_emulator::{
    Emulator,
    Operation::{DeleteTokenCache, GetDelegateAccessToken, RefreshUserAccessToken},
};
use cg_auth_ureq::{BlockingTokenPool, BlockingTokenProvider, ThreadRuntime};

use super::{HANG, client, provider, secret, service, until, user};

#[test]
fn a_token_is_fetched_once_and_then_cached() {
    let service = service();
    let provider = provider(&service);
    let token = provider.token().unwrap();
    assert!(provider.token().unwrap().is_same_issue(&token));
    assert!(provider.peek().unwrap().is_same_issue(&token));
    assert!(provider.token_within(Duration::ZERO).unwrap().is_same_issue(&token));
    assert!(provider.with_token(|lent| lent.is_same_issue(&token)).unwrap());
    let header = provider.authorization().unwrap();
    assert!(header.is_sensitive() && header == token.authorization());
    assert_eq!(service.count(GetDelegateAccessToken), 1);
}

#[test]
fn nothing_is_sent_before_the_first_call() {
    let service = service();
    let provider = provider(&service);
    assert!(provider.peek().is_none());
    assert_eq!(provider.state().phase, None);
    assert_eq!(service.requests().len(), 0);
    assert_eq!(provider.user_principal_name(), user(&service));
}

#[test]
fn prefetch_fetches_a_token_and_does_not_wait() {
    let service = service();
    let provider = provider(&service);
    provider.prefetch();
    provider.prefetch();
    provider.token().unwrap();
    assert_eq!(service.count(GetDelegateAccessToken), 1);
}

#[test]
fn an_invalidated_token_is_replaced_by_the_next_call() {
    let service = service();
    let provider = provider(&service);
    let first = provider.token().unwrap();
    assert!(provider.invalidate(&first));
    assert!(!provider.invalidate(&first), "it is known by now");
    let second = provider.token().unwrap();
    assert_ne!(first.expose_secret(), second.expose_secret());
    assert!(!provider.invalidate(&first), "another token is held");
    assert_eq!(service.count(RefreshUserAccessToken), 1);
}

#[test]
fn a_seeded_token_is_served_and_a_cleared_one_is_fetched_again() {
    let service = service();
    let provider = provider(&service);
    let seeded = DelegatedAccessToken::new(AccessToken::new("seeded").unwrap(), None);
    provider.seed(seeded, Expiry::UNKNOWN);
    assert_eq!(provider.token().unwrap().expose_secret(), "seeded");
    assert_eq!(service.requests().len(), 0);
    provider.clear();
    assert_ne!(provider.token().unwrap().expose_secret(), "seeded");
}

#[test]
fn a_refused_secret_is_an_error_until_it_is_replaced() {
    let service = service();
    let client = client(service.base_url());
    let wrong = ClientSecret::new("wrong").unwrap();
    let provider = BlockingTokenProvider::new(client, user(&service), wrong);
    let error = provider.token().unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::Call);
    assert!(!format!("{error:?}").contains("wrong"));
    provider.replace_secret(secret(&service));
    assert!(provider.token().is_ok());
}

#[test]
fn the_cache_of_the_service_is_cleared_and_then_the_provider() {
    let service = service();
    let provider = provider(&service);
    provider.token().unwrap();
    provider.delete_token_cache().unwrap();
    assert!(provider.peek().is_none());
    assert_eq!(service.count(DeleteTokenCache), 1);
}

#[test]
fn observers_see_each_event() {
    let service = service();
    let provider = provider(&service);
    let names = Arc::<Mutex<Vec<&str>>>::default();
    let seen = Arc::clone(&names);
    provider.on_event(move |event| seen.lock().unwrap().push(event.name()));
    let token = provider.token().unwrap();
    provider.invalidate(&token);
    // The observer of the first event runs on the thread of the acquisition, after its waiters are woken.
    provider.token().unwrap();
    provider.shutdown();
    until(|| names.lock().unwrap().len() >= 3);
    assert_eq!(*names.lock().unwrap(), ["token_acquired", "token_invalidated", "token_acquired"]);
}

#[test]
fn an_observer_may_call_the_provider() {
    let service = service();
    let provider = provider(&service);
    let (own, (sender, receiver)) = (provider.clone(), std::sync::mpsc::channel());
    provider.on_event(move |_| sender.send(own.token().is_ok()).unwrap_or_default());
    provider.token().unwrap();
    assert_eq!(receiver.recv_timeout(HANG), Ok(true));
}

#[test]
fn shutdown_hands_out_the_token_and_ends_every_clone() {
    let service = service();
    let provider = provider(&service);
    let token = provider.token().unwrap();
    let (kept, _) = provider.expose_tokens().unwrap();
    assert_eq!(kept.access_token().expose_secret(), token.expose_secret());
    let clone = provider.clone();
    let (released, expiry) = provider.shutdown().unwrap();
    assert_eq!(released.access_token().expose_secret(), token.expose_secret());
    assert!(released.refresh_token().is_some());
    assert_eq!(clone.token().unwrap_err().kind(), TokenErrorKind::ShutDown);
    assert!(clone.shutdown().is_none());
    let next = super::provider(&service);
    next.seed(released, expiry);
    assert_eq!(next.token().unwrap().expose_secret(), token.expose_secret());
    assert_eq!(service.count(GetDelegateAccessToken), 1);
}

#[test]
fn a_session_of_the_program_is_used_and_so_is_an_option() {
    let service = Emulator::builder()
        .duration_unit(DurationUnit::Minutes)
        .token_lifetime(Duration::from_secs(3600))
        .start_blocking()
        .unwrap();
    let session = Session::new(user(&service)).with_duration_unit(DurationUnit::Minutes);
    let provider = BlockingTokenProvider::with_session(client(service.base_url()), session, secret(&service));
    let option = self::provider(&service).with_duration_unit(DurationUnit::Minutes);
    for provider in [provider, option] {
        let lifetime = provider.token().unwrap().expiry().lifetime().unwrap();
        assert!(lifetime > Duration::from_secs(3500), "{lifetime:?}");
    }
}

#[test]
fn providers_and_pools_that_share_a_store_make_one_request() {
    let service = service();
    let store = ScriptedStore::new(ThreadRuntime::new());
    let first = provider(&service).with_store(store.clone()).token().unwrap();
    let second = provider(&service).with_store(store.clone()).token().unwrap();
    let pool = BlockingTokenPool::new(client(service.base_url()), secret(&service)).with_store(store);
    let third = pool.for_user(&user(&service)).token().unwrap();
    assert_eq!(first.expose_secret(), second.expose_secret());
    assert_eq!(first.expose_secret(), third.expose_secret());
    assert_eq!(service.count(GetDelegateAccessToken), 1);
}

#[test]
fn an_adapter_takes_it_as_a_token_source_and_async_code_as_a_provider() {
    let service = service();
    let provider = provider(&service);
    let token = provider.token().unwrap();
    let source: &dyn TokenSource = &provider;
    assert!(source.peek().unwrap().is_same_issue(&token));
    assert!(source.cached().unwrap().is_same_issue(&token), "an adapter need not box a future");
    assert!(ThreadRuntime::block_on(source.token()).unwrap().is_same_issue(&token));
    assert!(source.invalidate(&token));
    let next = provider.token().unwrap();
    let for_async: TokenProvider = provider.clone().into();
    assert!(for_async.peek().unwrap().is_same_issue(&next));
    assert!(provider.as_async().peek().unwrap().is_same_issue(&next));
    let back = BlockingTokenProvider::from(for_async);
    assert!(back.token().unwrap().is_same_issue(&next), "it is the same provider");
}

#[test]
fn debug_shows_the_user_and_no_secret() {
    let service = service();
    let provider = provider(&service);
    let refresh_token = RefreshToken::new("r3fresh-t0ken").unwrap();
    let token = DelegatedAccessToken::new(AccessToken::new("acc3ss-t0ken").unwrap(), Some(refresh_token));
    provider.seed(token, Expiry::UNKNOWN);
    let shown = format!("{provider:?}");
    assert!(shown.contains(user(&service).as_str()), "{shown}");
    for secret in ["r3fresh", "acc3ss", secret(&service).expose_secret()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_program_may_move_share_and_catch_it() {
    fn is<T: Clone + Send + Sync + std::fmt::Debug + UnwindSafe + RefUnwindSafe + 'static>() {}
    is::<BlockingTokenProvider>();
    is::<BlockingTokenPool>();
}

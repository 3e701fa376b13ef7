//! Threads that wait: for one acquisition, for a limited time, and through failures.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::{Duration, SystemTime},
};

use cg_auth_core::{
    CallErrorKind, TokenErrorKind,
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    time::Now,
    token::Expiry,
};
use cg_auth_emulator::{
    Emulator,
    Operation::{GetDelegateAccessToken, RefreshUserAccessToken},
};
use cg_auth_ureq::BlockingTokenProvider;

use super::{HANG, SHORT, bounded, client, provider, provider_over, service, until};

/// Gives the provider a token of the service that lived for an hour, of which `left` is left.
fn seed_old(provider: &BlockingTokenProvider, service: &Emulator, left: Duration) {
    let (token, _) = {
        let other = super::provider(service);
        other.token().unwrap();
        other.shutdown().unwrap()
    };
    let now = Now::system();
    let hour = Duration::from_secs(3600);
    let age = hour - left;
    let issued = Now::new(now.monotonic().saturating_sub(age), now.wall() - age);
    let until: SystemTime = now.wall() + left;
    let refresh = token.refresh_token().map(|token| RefreshToken::new(token.expose_secret()).unwrap());
    let access = AccessToken::new("old").unwrap();
    provider.seed(DelegatedAccessToken::new(access, refresh), Expiry::until(until, issued));
}

#[test]
fn a_thousand_threads_at_an_expired_token_make_one_request() {
    let service = service();
    let provider = provider(&service);
    seed_old(&provider, &service, Duration::ZERO);
    let before = service.requests().len();
    let _slow = service.next(RefreshUserAccessToken).delay(SHORT);
    let all = Arc::new(Barrier::new(1000));
    let threads: Vec<_> = (0..1000)
        .map(|_| {
            let (provider, all) = (provider.clone(), Arc::clone(&all));
            let small = thread::Builder::new().stack_size(128 * 1024);
            let thread = small.spawn(move || {
                all.wait();
                provider.token()
            });
            thread.unwrap()
        })
        .collect();
    let tokens: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect();
    assert!(tokens.iter().all(|token| token.is_same_issue(&tokens[0])));
    assert_eq!(service.requests().len(), before + 1);
}

#[test]
fn a_token_is_renewed_without_a_call() {
    let service = service();
    let provider = provider(&service);
    seed_old(&provider, &service, Duration::from_secs(60));
    assert_eq!(provider.token().unwrap().expose_secret(), "old", "no caller waits for it");
    service.wait_for_blocking(RefreshUserAccessToken, 1, HANG).unwrap();
    until(|| provider.peek().unwrap().expose_secret() != "old");
}

#[test]
fn a_limited_wait_ends_and_the_acquisition_goes_on() {
    let service = service();
    let provider = provider(&service);
    let slow = service.next(GetDelegateAccessToken).delay(20 * SHORT);
    let error = provider.token_within(SHORT / 10).unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::OutOfTime);
    provider.token().unwrap();
    assert_eq!((service.count(GetDelegateAccessToken), slow.hits()), (1, 1));
}

#[test]
fn the_deadline_ends_a_call_that_the_service_never_answers() {
    let service = service();
    let _silent = service.next(GetDelegateAccessToken).times(9).never_answer();
    let provider = provider_over(client(service.base_url()).with_timeout(3 * SHORT), &service);
    let error = bounded(move || provider.token()).unwrap_err();
    assert_eq!(error.as_call().unwrap().kind(), CallErrorKind::Timeout);
}

#[test]
fn a_call_that_fails_is_repeated() {
    let service = service();
    let busy = service.next(GetDelegateAccessToken).times(2).refuse(503);
    let provider = provider(&service);
    bounded(move || provider.token()).unwrap();
    assert_eq!((service.count(GetDelegateAccessToken), busy.hits()), (3, 2));
}

#[test]
fn a_failed_renewal_leaves_the_valid_token() {
    let service = service();
    let provider = provider(&service);
    seed_old(&provider, &service, Duration::from_secs(60));
    let _down = service.next(RefreshUserAccessToken).times(9).refuse(503);
    for _ in 0..10 {
        assert_eq!(provider.token().unwrap().expose_secret(), "old");
    }
    service.wait_for_blocking(RefreshUserAccessToken, 1, HANG).unwrap();
    assert_eq!(provider.token().unwrap().expose_secret(), "old");
}

#[test]
fn shutdown_waits_for_a_refresh_on_the_wire() {
    let service = service();
    let provider = provider(&service);
    seed_old(&provider, &service, Duration::from_secs(60));
    let _slow = service.next(RefreshUserAccessToken).delay(3 * SHORT);
    provider.token().unwrap();
    service.wait_for_blocking(RefreshUserAccessToken, 1, HANG).unwrap();
    let (token, _) = bounded(move || provider.shutdown()).unwrap();
    assert_ne!(token.access_token().expose_secret(), "old");
    assert!(token.refresh_token().is_some());
}

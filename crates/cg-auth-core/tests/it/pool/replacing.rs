//! Secrets that are replaced at the same time, and the permits of superseded acquisitions.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use cg_auth_core::{
    ClientSecret, TokenProvider,
    token::{SecretFn, SecretResult},
};

use super::{Service, owner, permits, poll, run, run_tasks, spawning, user, users};

#[test]
fn of_two_secrets_at_once_one_wins_for_the_pool_and_all_users() {
    for _ in 0..200 {
        let service = Service::default();
        let (pool, _clock) = super::parking(&service);
        let kept: Vec<_> = users(8).iter().map(|user| pool.for_user(user)).collect();
        let start = Arc::new(Barrier::new(2));
        thread::scope(|scope| {
            for text in ["first-s3cret", "second-s3cret"] {
                let (pool, start) = (pool.clone(), Arc::clone(&start));
                scope.spawn(move || {
                    start.wait();
                    pool.replace_secret(ClientSecret::new(text).unwrap());
                });
            }
        });
        run(async {
            for provider in kept.iter().chain([&pool.for_user(&user("new"))]) {
                provider.token().await.unwrap();
            }
        });
        let sent = service.secrets();
        assert!(sent.windows(2).all(|pair| pair[0] == pair[1]), "{sent:?}");
    }
}

#[test]
fn a_secret_that_is_replaced_while_another_call_replaces_it_wins_for_all_users() {
    let service = Service::default();
    let (pool, _clock) = super::parking(&service);
    let kept: Vec<_> = users(8).iter().map(|user| pool.for_user(user)).collect();
    service.close();
    let mut waiting: Vec<_> = kept.iter().map(|provider| Box::pin(provider.token())).collect();
    waiting.iter_mut().for_each(|token| assert!(poll(token.as_mut()).is_pending()));
    // The first user whose acquisition is superseded has the secret replaced once more.
    let (own, is_first) = (pool.clone(), AtomicBool::new(true));
    pool.on_event(move |_, _| {
        if is_first.swap(false, Ordering::SeqCst) {
            own.replace_secret(ClientSecret::new("second-s3cret").unwrap());
        }
    });
    pool.replace_secret(ClientSecret::new("first-s3cret").unwrap());
    service.open();
    run(async {
        for token in waiting {
            token.await.unwrap();
        }
    });
    assert_eq!(service.secrets(), ["second-s3cret"; 8]);
}

#[test]
fn one_user_who_is_cleared_again_and_again_holds_one_permit() {
    let service = Service::default();
    run(async {
        let (pool, _clock) = spawning(&service);
        let busy = pool.for_user(&user("busy"));
        service.close();
        for _ in 0..200 {
            busy.prefetch();
            run_tasks().await;
            assert_eq!((service.in_flight(), permits(&pool)), (1, (1, 0)));
            busy.clear();
        }
        assert_eq!((service.in_flight(), permits(&pool)), (0, (0, 0)));
        busy.prefetch();
        run_tasks().await;
        service.open();
        assert_eq!(owner(&busy.token().await.unwrap()), "busy");
    });
}

#[test]
fn a_hung_secret_source_of_a_superseded_acquisition_holds_no_permit() {
    let service = Service::default();
    run(async {
        let (pool, _clock) = spawning(&service);
        pool.replace_secret(SecretFn::new(|_| std::future::pending::<SecretResult>()));
        let kept: Vec<_> = users(16).iter().map(|user| pool.for_user(user)).collect();
        kept.iter().for_each(TokenProvider::prefetch);
        run_tasks().await;
        assert_eq!(permits(&pool), (16, 0));
        pool.replace_secret(super::secret());
        assert_eq!(permits(&pool), (0, 0));
        assert_eq!(owner(&pool.for_user(&user("next")).token().await.unwrap()), "next");
    });
}

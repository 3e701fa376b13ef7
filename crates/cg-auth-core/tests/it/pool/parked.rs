//! Acquisitions where the runtime cannot spawn: each is polled by its own waiters and takes no permit.

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
};

use cg_auth_core::{
    TokenErrorKind,
    token::{SecretFn, SecretResult, TokenFuture},
};

use super::{
    HOUR, Service, many_users_at_once, owner, parking, permits, poll, run, run_tasks, secret, switchable,
    user, users,
};

/// Polls the future once.
fn begin(token: &mut TokenFuture<'_>) {
    assert!(poll(Pin::new(token)).is_pending());
}

#[test]
fn many_users_at_once_get_their_tokens_and_take_no_permit() {
    let service = Service::default();
    run(async {
        let (pool, _) = parking(&service);
        assert_eq!(many_users_at_once(&pool, &service, users(200), 200).await, (0, 0));
    });
    assert_eq!(service.count(), 200);
}

#[test]
fn a_waiter_who_is_not_polled_delays_no_other_user() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1);
        let (a, b, c) = (pool.for_user(&user("a")), pool.for_user(&user("b")), pool.for_user(&user("c")));
        let (mut first, mut second) = (a.token(), b.token());
        begin(&mut first);
        begin(&mut second);
        assert_eq!(owner(&c.token().await.unwrap()), "c");
        assert_eq!(owner(&first.await.unwrap()), "a");
        assert_eq!(owner(&second.await.unwrap()), "b");
        assert_eq!((service.count(), permits(&pool)), (3, (0, 0)), "no request is lost or repeated");
    });
}

#[test]
fn a_secret_source_that_hangs_for_one_user_delays_no_other_user() {
    let service = Service::default();
    let is_first = AtomicBool::new(true);
    let source = SecretFn::new(move |_| {
        let hangs = is_first.swap(false, Ordering::SeqCst);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            SecretResult::Ok(secret())
        }
    });
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1);
        pool.replace_secret(source);
        let (a, b) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
        let mut waiting = a.token();
        begin(&mut waiting);
        assert_eq!(owner(&b.token().await.unwrap()), "b");
        begin(&mut waiting);
    });
}

#[test]
fn a_service_that_is_slow_wakes_the_waiters_of_every_user() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(2);
        service.close();
        let kept: Vec<_> = users(6).iter().map(|user| pool.for_user(user)).collect();
        let mut idle: Vec<_> = kept.iter().map(|provider| provider.token()).collect();
        idle.iter_mut().for_each(begin);
        let task = tokio::spawn({
            let provider = pool.for_user(&user("x"));
            async move { provider.token().await }
        });
        run_tasks().await;
        assert_eq!((service.in_flight(), permits(&pool)), (7, (0, 0)));
        service.open();
        assert_eq!(owner(&task.await.unwrap().unwrap()), "x");
        for (token, user) in idle.into_iter().zip(users(6)) {
            assert_eq!(owner(&token.await.unwrap()), user.as_str());
        }
        assert_eq!(service.count(), 7);
    });
}

#[test]
fn callers_who_have_left_delay_no_other_user_and_lose_no_acquisition() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(2);
        let kept: Vec<_> = users(9).iter().map(|user| pool.for_user(user)).collect();
        service.close();
        kept.iter().for_each(|provider| begin(&mut provider.token()));
        assert_eq!((service.in_flight(), permits(&pool)), (9, (0, 0)));
        service.open();
        assert_eq!(owner(&pool.for_user(&user("x")).token().await.unwrap()), "x");
        for (provider, user) in kept.iter().zip(users(9)) {
            assert_eq!(owner(&provider.token().await.unwrap()), user.as_str());
        }
        assert_eq!((service.count(), permits(&pool)), (10, (0, 0)));
    });
}

#[test]
fn the_acquisition_of_a_user_who_is_forgotten_is_dropped() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_capacity(1);
        service.close();
        begin(&mut pool.for_user(&user("a")).token());
        assert_eq!(service.in_flight(), 1);
        let other = pool.for_user(&user("b"));
        assert_eq!((service.in_flight(), pool.len()), (0, 1));
        service.open();
        assert_eq!(owner(&other.token().await.unwrap()), "b");
    });
}

#[test]
fn a_parked_acquisition_that_is_handed_over_keeps_its_user_in_use_and_takes_no_permit() {
    let service = Service::default();
    let (pool, can_spawn) = switchable(&service);
    let pool = pool.with_max_acquisitions(1).with_capacity(1);
    run(async {
        service.close();
        begin(&mut pool.for_user(&user("a")).token());
        can_spawn.store(true, Ordering::SeqCst);
        begin(&mut pool.for_user(&user("a")).token());
        run_tasks().await;
        drop(pool.for_user(&user("b")));
        assert_eq!((service.in_flight(), pool.len(), permits(&pool)), (1, 2, (0, 0)));
        service.open();
        run_tasks().await;
        assert_eq!(owner(&pool.for_user(&user("a")).peek().unwrap()), "a");
        assert_eq!(owner(&pool.for_user(&user("c")).token().await.unwrap()), "c");
        assert_eq!((service.count(), permits(&pool)), (2, (0, 0)));
    });
}

#[test]
fn clear_drops_the_acquisitions_of_users_who_are_not_in_use() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1);
        service.close();
        let kept = pool.for_user(&user("a"));
        begin(&mut kept.token());
        users(9).iter().for_each(|user| begin(&mut pool.for_user(user).token()));
        assert_eq!((service.in_flight(), pool.len()), (10, 10));
        pool.clear();
        assert_eq!((service.in_flight(), pool.len(), permits(&pool)), (0, 1, (0, 0)));
    });
}

#[test]
fn a_panic_in_the_acquisition_of_one_user_affects_no_other_user() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1);
        service.panic_for("a");
        let (a, b) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
        begin(&mut a.token());
        assert_eq!(owner(&b.token().await.unwrap()), "b");
        assert_eq!(a.token().await.unwrap_err().kind(), TokenErrorKind::Lost);
        assert_eq!(permits(&pool), (0, 0));
    });
}

#[test]
fn a_new_generation_drops_the_acquisition_of_the_old_one() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1);
        service.close();
        let (a, b) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
        let mut waiting = a.token();
        begin(&mut waiting);
        begin(&mut b.token());
        a.clear();
        assert_eq!(service.in_flight(), 1);
        service.open();
        assert_eq!(owner(&b.token().await.unwrap()), "b");
        assert_eq!(owner(&waiting.await.unwrap()), "a");
    });
}

#[test]
fn a_parked_refresh_takes_no_permit() {
    let service = Service::default();
    run(async {
        let (pool, clock) = parking(&service);
        let pool = pool.with_max_acquisitions(2);
        let kept: Vec<_> = users(6).iter().map(|user| pool.for_user(user)).collect();
        for provider in &kept {
            provider.token().await.unwrap();
        }
        clock.advance(2 * HOUR);
        service.close();
        let mut tokens: Vec<_> = kept.iter().map(|provider| provider.token()).collect();
        tokens.iter_mut().for_each(begin);
        assert_eq!((service.in_flight(), permits(&pool)), (6, (0, 0)));
        service.open();
        for (token, user) in tokens.into_iter().zip(users(6)) {
            assert_eq!(owner(&token.await.unwrap()), user.as_str());
        }
        assert!(service.requests()[6..].iter().all(|(_, grant)| *grant == "refresh"));
    });
}

#[test]
fn a_shutdown_polls_the_acquisitions_of_several_users_together() {
    let service = Service::default();
    run(async {
        let (pool, _) = parking(&service);
        service.close();
        users(20).iter().for_each(|user| pool.for_user(user).prefetch());
        let mut shutdown = Box::pin(pool.shutdown());
        assert!(poll(shutdown.as_mut()).is_pending());
        assert_eq!(service.in_flight(), 20);
        service.open();
        assert_eq!(shutdown.await.len(), 20);
    });
}

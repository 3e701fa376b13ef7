//! Operations on all users at once, and what the users share.

use std::sync::{Arc, Mutex};

use cg_auth_core::{
    AuthClient, RetryPolicy, TokenErrorKind, TokenPool, TokenProvider,
    testing::ManualClock,
    token::{DurationUnit, Event, SecretFn},
};

use super::{
    HOUR, Service, Spawning, now, owner, parking, permits, run, run_tasks, secret, spawning, user, users,
};
use crate::support::base;

#[test]
fn clear_forgets_every_token_and_every_user_who_is_not_in_use() {
    let service = Service::default();
    let (pool, _) = parking(&service);
    let kept = pool.for_user(&user("kept"));
    run(kept.token()).unwrap();
    for user in users(50) {
        run(pool.for_user(&user).token()).unwrap();
    }
    pool.clear();
    assert!(kept.peek().is_none());
    assert_eq!(pool.len(), 1);
    assert!(!pool.is_empty());
    assert_eq!(owner(&run(pool.for_user(&user("kept")).token()).unwrap()), "kept");
    assert_eq!(
        service.requests().last(),
        Some(&("kept".to_owned(), "delegate")),
        "the refresh token is forgotten too"
    );
    assert!(kept.peek().is_some(), "both are the same provider");
    drop(kept);
    pool.clear();
    assert!(pool.is_empty());
}

#[test]
fn clear_forgets_failures() {
    let service = Service::default();
    let (pool, _) = parking(&service);
    let provider = pool.for_user(&user("a"));
    service.set_down(true);
    run(provider.token()).unwrap_err();
    service.set_down(false);
    now(provider.token()).unwrap_err();
    pool.clear();
    run(provider.token()).unwrap();
}

#[test]
fn a_new_secret_applies_to_present_and_future_users() {
    let service = Service::default();
    let (pool, clock) = parking(&service);
    let (known, busy) = (pool.for_user(&user("known")), pool.for_user(&user("busy")));
    let first = run(known.token()).unwrap();
    known.replace_secret(secret());
    let reads = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&reads);
    pool.replace_secret(SecretFn::new(move |_| {
        *counted.lock().unwrap() += 1;
        async { Ok(secret()) }
    }));
    assert!(now(known.token()).unwrap().is_same_issue(&first), "a valid token stays");
    run(busy.token()).unwrap();
    run(pool.for_user(&user("new")).token()).unwrap();
    assert_eq!(*reads.lock().unwrap(), 2);
    clock.advance(2 * HOUR);
    run(known.token()).unwrap();
    assert_eq!(*reads.lock().unwrap(), 3);
}

#[test]
fn observers_get_the_user_of_each_event() {
    let (pool, _) = parking(&Service::default());
    let events = Arc::new(Mutex::new(Vec::new()));
    let early = pool.for_user(&user("Early"));
    for observer in 0..2 {
        let events = Arc::clone(&events);
        pool.on_event(move |user, event: &Event| {
            events.lock().unwrap().push((observer, user.as_str().to_owned(), event.name()));
        });
    }
    let late = pool.for_user(&user("Late"));
    run(early.token()).unwrap();
    run(pool.for_user(&user("LATE")).token()).unwrap();
    late.invalidate(&late.peek().unwrap());
    let expected = [("Early", "token_acquired"), ("Late", "token_acquired"), ("Late", "token_invalidated")]
        .into_iter()
        .flat_map(|(user, event)| [(0, user.to_owned(), event), (1, user.to_owned(), event)]);
    assert_eq!(*events.lock().unwrap(), expected.collect::<Vec<_>>());
}

#[test]
fn an_observer_may_use_the_pool() {
    let (pool, _) = parking(&Service::default());
    let seen = Arc::new(Mutex::new(None));
    let (inner, seen_there) = (pool.clone(), Arc::clone(&seen));
    pool.on_event(move |user, _| {
        *seen_there.lock().unwrap() = Some((inner.for_user(user).peek().is_some(), inner.len()));
    });
    run(pool.for_user(&user("a")).token()).unwrap();
    assert_eq!(*seen.lock().unwrap(), Some((true, 1)));
}

#[test]
fn shutdown_waits_for_every_acquisition_and_returns_every_token() {
    for is_spawning in [true, false] {
        let service = Service::default();
        run(async {
            let (pool, _) = if is_spawning { spawning(&service) } else { parking(&service) };
            let pool = pool.with_max_acquisitions(2);
            let kept: Vec<_> = users(9).iter().map(|user| pool.for_user(user)).collect();
            service.close();
            kept.iter().for_each(TokenProvider::prefetch);
            let others = ["p", "q", "r", "s"].map(|name| pool.for_user(&user(name)));
            run_tasks().await;
            let task = tokio::spawn({
                let pool = pool.clone();
                async move { pool.shutdown().await }
            });
            run_tasks().await;
            assert!(!task.is_finished());
            for other in others.iter().chain([&pool.for_user(&user("late"))]) {
                assert_eq!(now(other.token()).unwrap_err().kind(), TokenErrorKind::ShutDown);
            }
            service.open();
            let mut released = task.await.unwrap();
            released.sort_by(|one, other| one.0.cmp(&other.0));
            let names: Vec<_> = released.iter().map(|(user, ..)| user.clone()).collect();
            assert_eq!(names, users(9));
            for (user, token, _) in &released {
                let owner = super::service::owner;
                assert_eq!(owner(token.access_token().expose_secret()), user.as_str());
                assert_eq!(owner(token.refresh_token().unwrap().expose_secret()), user.as_str());
            }
            assert_eq!((service.count(), permits(&pool)), (9, (0, 0)));
        });
    }
}

#[test]
fn no_user_gets_a_token_after_shutdown() {
    let service = Service::default();
    let (pool, _) = parking(&service);
    let kept = pool.for_user(&user("kept"));
    run(kept.token()).unwrap();
    assert_eq!(run(pool.shutdown()).len(), 1);
    for provider in [kept, pool.for_user(&user("kept")), pool.for_user(&user("new"))] {
        assert_eq!(now(provider.token()).unwrap_err().kind(), TokenErrorKind::ShutDown);
    }
    assert_eq!(service.count(), 1);
}

#[test]
fn a_shutdown_that_is_cancelled_loses_no_token() {
    let service = Service::default();
    run(async {
        let (pool, _) = spawning(&service);
        let kept: Vec<_> = users(9).iter().map(|user| pool.for_user(user)).collect();
        for provider in &kept {
            provider.token().await.unwrap();
        }
        service.close();
        let busy = pool.for_user(&user("busy"));
        busy.prefetch();
        assert!(super::poll(Box::pin(pool.shutdown()).as_mut()).is_pending());
        service.open();
        assert_eq!(pool.shutdown().await.len(), 10);
    });
}

#[test]
fn all_users_share_one_budget_of_retries() {
    let service = Service::default();
    service.set_down(true);
    let policy = RetryPolicy::new().with_waits(Default::default(), Default::default());
    run(async {
        let runtime = Spawning(ManualClock::new());
        let client = AuthClient::with_runtime(base(), service.clone(), runtime).with_retry_policy(policy);
        let pool = TokenPool::new(client, secret());
        // Two users alone are no reason to stop the others.
        let kept: Vec<_> = users(2).iter().map(|user| pool.for_user(user)).collect();
        for provider in (0..50).flat_map(|_| &kept) {
            provider.token().await.unwrap_err();
            provider.clear();
        }
    });
    // The budget begins with ten retries, and each call adds a tenth of one. Without it each call would make
    // two.
    assert!((110..=120).contains(&service.count()), "{}", service.count());
}

#[test]
fn the_duration_unit_is_that_of_the_pool() {
    let pool = parking(&Service::default()).0.with_duration_unit(DurationUnit::Minutes);
    let token = run(pool.for_user(&user("a")).token()).unwrap();
    assert_eq!(token.expiry().lifetime(), Some(60 * HOUR));
}

#[test]
fn a_clone_is_the_same_pool() {
    let service = Service::default();
    let (pool, _) = parking(&service);
    let clone = pool.clone();
    let token = run(pool.for_user(&user("a")).token()).unwrap();
    assert!(clone.for_user(&user("a")).peek().unwrap().is_same_issue(&token));
    drop(clone.for_user(&user("b")));
    assert_eq!((pool.len(), clone.len()), (2, 2));
}

#[test]
fn debug_shows_counts_only() {
    let service = Service::default();
    let (pool, _) = parking(&service);
    let kept = pool.for_user(&user("someone@example.com"));
    run(kept.token()).unwrap();
    assert_eq!(format!("{pool:?}"), "TokenPool { users: 1, capacity: 10000, acquiring: 0, waiting: 0, .. }");
}

#[test]
fn a_shutdown_begins_with_the_call_and_not_with_the_first_poll() {
    let service = Service::default();
    let (pool, _) = parking(&service);
    let kept = pool.for_user(&user("kept"));
    let shutdown = pool.shutdown();
    for provider in [kept, pool.for_user(&user("new"))] {
        assert_eq!(now(provider.token()).unwrap_err().kind(), TokenErrorKind::ShutDown);
    }
    assert!(run(shutdown).is_empty());
    assert_eq!(service.count(), 0);
}

//! One provider for each user: which names are one user, and which users are kept or forgotten.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cg_auth_core::TokenPool;

use super::{HOUR, Service, now, owner, parking, run, run_tasks, service, spawning, user, users};

/// A token of the user, without keeping the provider.
fn token(pool: &TokenPool, name: &str) -> String {
    run(async { pool.for_user(&user(name)).token().await.unwrap() }).expose_secret().to_owned()
}

/// Whether the pool still has the token of the user.
fn knows(pool: &TokenPool, name: &str) -> bool {
    pool.for_user(&user(name)).peek().is_some()
}

#[test]
fn names_that_differ_in_ascii_case_share_one_provider_and_one_token() {
    let service = Service::default();
    let (pool, _) = parking(&service);
    let first = token(&pool, "Someone@Example.com");
    for spelling in ["someone@example.com", "SOMEONE@EXAMPLE.COM", "sOmEoNe@eXaMpLe.CoM"] {
        assert_eq!(token(&pool, spelling), first);
    }
    assert_eq!((pool.len(), service.count()), (1, 1));
}

#[test]
fn names_that_differ_otherwise_share_nothing() {
    let service = Service::default();
    let (pool, _) = parking(&service);
    let names = ["a@b", "a@b.", "a`b", "[@b", "{@b", "a@", "@b", "a", "1@b", "Q@b", "a^b", "a~b"];
    for name in names {
        assert_eq!(service::owner(&token(&pool, name)), name);
    }
    assert_eq!((pool.len(), service.count()), (names.len(), names.len()));
}

#[test]
fn the_first_spelling_is_sent() {
    let service = Service::default();
    let (pool, clock) = parking(&service);
    let kept = pool.for_user(&user("Some.One@example.com"));
    assert_eq!(
        owner(&run(pool.for_user(&user("some.one@EXAMPLE.com")).token()).unwrap()),
        "Some.One@example.com"
    );
    clock.advance(2 * HOUR);
    run(pool.for_user(&user("SOME.ONE@example.com")).token()).unwrap();
    assert!(service.requests().iter().all(|(user, _)| user == "Some.One@example.com"));
    assert_eq!(service.count(), 2);

    drop(kept);
    clock.advance(2 * HOUR);
    token(&pool, "some.one@example.com");
    assert_eq!(service.requests()[2].0, "some.one@example.com", "the user was forgotten in between");
}

#[test]
fn the_least_recently_used_user_is_forgotten_first() {
    let (pool, clock) = parking(&Service::default());
    let pool = pool.with_capacity(3);
    for name in ["a", "b", "c", "A"] {
        token(&pool, name);
        clock.advance(Duration::from_secs(1));
    }
    token(&pool, "d");
    assert_eq!(pool.len(), 3);
    assert!(knows(&pool, "a") && knows(&pool, "c") && knows(&pool, "d"));
    assert!(!knows(&pool, "b"));
}

#[test]
fn the_capacity_holds_for_any_number_of_users() {
    let (pool, _) = parking(&Service::default());
    let pool = pool.with_capacity(10);
    for (number, user) in users(1000).iter().enumerate() {
        let _ = pool.for_user(user);
        assert_eq!(pool.len(), (number + 1).min(10));
    }
    let pool = pool.with_capacity(0);
    for user in users(3) {
        let _ = pool.for_user(&user);
    }
    assert_eq!(pool.len(), 1, "the user stays until the next call");
}

#[test]
fn a_user_in_use_is_not_forgotten_and_others_are() {
    let (pool, _) = parking(&Service::default());
    let pool = pool.with_capacity(3);
    let kept = pool.for_user(&user("kept"));
    let first = run(kept.token()).unwrap();
    for user in users(100) {
        run(pool.for_user(&user).token()).unwrap();
        assert!(pool.len() <= 3);
    }
    let again = now(pool.for_user(&user("KEPT")).token()).unwrap();
    assert!(again.is_same_issue(&first));
    kept.clear();
    assert!(pool.for_user(&user("kept")).peek().is_none(), "both are the same provider");
}

#[test]
fn users_in_use_may_exceed_the_capacity_until_they_are_no_longer_in_use() {
    let service = Service::default();
    let (pool, _) = parking(&service);
    let pool = pool.with_capacity(10);
    let users = users(200);
    let kept: Vec<_> = users.iter().map(|user| pool.for_user(user)).collect();
    for (user, provider) in users.iter().zip(&kept) {
        run(provider.token()).unwrap();
        assert!(pool.for_user(user).peek().is_some());
    }
    assert_eq!((pool.len(), service.count()), (200, 200));

    drop(kept);
    let calls = (1..100).find(|_| {
        let _ = pool.for_user(&users[0]);
        pool.len() == 10
    });
    assert!(calls.is_some_and(|calls| calls > 5), "a few at a time: {calls:?}");
}

#[test]
fn a_user_is_forgotten_after_the_idle_time() {
    let (pool, clock) = parking(&Service::default());
    let pool = pool.with_idle_time(10 * MINUTE);
    token(&pool, "idle");
    token(&pool, "busy");
    for _ in 0..3 {
        clock.advance(10 * MINUTE - MOMENT);
        assert!(knows(&pool, "busy"));
    }
    assert_eq!(pool.len(), 1);
    clock.advance(10 * MINUTE);
    assert!(!knows(&pool, "busy"), "the user is forgotten before the next call");
}

#[test]
fn the_default_idle_time_is_an_hour() {
    let (pool, clock) = parking(&Service::default());
    let _ = pool.for_user(&user("idle"));
    clock.advance(HOUR - MOMENT);
    let _ = pool.for_user(&user("other"));
    assert_eq!(pool.len(), 2);
    clock.advance(MOMENT);
    let _ = pool.for_user(&user("other"));
    assert_eq!(pool.len(), 1);
    assert_eq!(TokenPool::DEFAULT_IDLE_TIME, HOUR);
}

#[test]
fn the_default_capacity_is_ten_thousand() {
    let (pool, _) = parking(&Service::default());
    users(10_100).iter().for_each(|user| drop(pool.for_user(user)));
    assert_eq!((pool.len(), TokenPool::DEFAULT_CAPACITY), (10_000, 10_000));
}

#[test]
fn idle_users_are_forgotten_a_few_at_a_time() {
    let (pool, clock) = parking(&Service::default());
    let users = users(1000);
    users.iter().for_each(|user| drop(pool.for_user(user)));
    clock.advance(HOUR);
    let _ = pool.for_user(&user("x"));
    assert!((901..1000).contains(&pool.len()), "{}", pool.len());
    for _ in 0..1000 {
        let _ = pool.for_user(&user("x"));
    }
    assert_eq!(pool.len(), 1);
}

#[test]
fn a_user_whose_provider_is_kept_is_not_idle() {
    let (pool, clock) = parking(&Service::default());
    let pool = pool.with_idle_time(10 * MINUTE);
    let kept = pool.for_user(&user("kept"));
    run(kept.token()).unwrap();
    clock.advance(20 * MINUTE);
    let _ = pool.for_user(&user("other"));
    drop(kept);
    assert!(knows(&pool, "kept"), "the user was in use until now");
    clock.advance(10 * MINUTE);
    assert!(!knows(&pool, "kept"));
}

#[test]
fn a_user_whose_acquisition_runs_in_the_background_is_not_forgotten() {
    let service = Service::default();
    run(async {
        let (pool, _) = spawning(&service);
        let pool = pool.with_capacity(1);
        service.close();
        pool.for_user(&user("a")).prefetch();
        run_tasks().await;
        for user in users(20) {
            let _ = pool.for_user(&user);
        }
        assert_eq!(pool.len(), 2);
        service.open();
        run_tasks().await;
        assert_eq!(owner(&pool.for_user(&user("a")).peek().unwrap()), "a");
    });
}

#[test]
fn a_token_outlives_its_user() {
    let (pool, _) = parking(&Service::default());
    let pool = pool.with_capacity(1);
    let token = run(async { pool.for_user(&user("a")).token().await.unwrap() });
    users(3).iter().for_each(|user| drop(pool.for_user(user)));
    assert!(!knows(&pool, "a"));
    assert_eq!(owner(&token), "a");
}

#[test]
fn observers_learn_which_user_was_evicted_and_why() {
    let (pool, clock) = parking(&Service::default());
    let pool = pool.with_capacity(2).with_idle_time(10 * MINUTE);
    let (seen, own) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
    let (notes, observed) = (Arc::clone(&seen), pool.clone());
    pool.on_event(move |user, event| {
        // The pool holds no lock.
        let fields = event.fields_of(user);
        notes.lock().unwrap().push((event.name(), fields[0].1.clone(), fields[1].clone(), observed.len()));
    });
    let count = Arc::clone(&own);
    pool.for_user(&user("a")).on_event(move |_| *count.lock().unwrap() += 1);
    ["b", "c"].iter().for_each(|name| drop(pool.for_user(&user(name))));
    clock.advance(10 * MINUTE);
    let _ = pool.for_user(&user("c"));
    let evicted =
        |name: &str, cause: &str, left| ("user_evicted", name.to_owned(), ("cause", cause.to_owned()), left);
    let mut seen = seen.lock().unwrap().clone();
    assert_eq!(seen.remove(0), evicted("a", "capacity", 2));
    seen.sort();
    assert_eq!(seen, [evicted("b", "idle", 1), evicted("c", "idle", 1)]);
    assert_eq!(*own.lock().unwrap(), 1, "the provider's own observer is notified too");
}

#[test]
fn a_clear_of_the_program_evicts_no_user() {
    let (pool, _) = parking(&Service::default());
    pool.on_event(|_, event| assert_ne!(event.name(), "user_evicted"));
    users(3).iter().for_each(|user| drop(pool.for_user(user)));
    pool.clear();
    assert!(pool.is_empty());
}

#[test]
fn among_many_users_the_least_recently_used_one_goes_although_reads_have_changed_the_order() {
    for step in [Duration::ZERO, Duration::from_millis(5)] {
        let (pool, clock) = parking(&Service::default());
        let pool = pool.with_capacity(100);
        let (users, newcomers) = (users(100), ["x", "y", "z"]);
        users.iter().for_each(|user| drop(pool.for_user(user)));
        // Backwards, and some of them again.
        for user in users.iter().rev().chain(&users[40..70]).chain(users[60..].iter().rev()) {
            clock.advance(step);
            drop(pool.for_user(user));
        }
        // User 39 was read before all the users below it, and the others were read again.
        for (newcomer, oldest) in newcomers.into_iter().zip([39, 38, 37]) {
            drop(pool.for_user(&user(newcomer)));
            assert_eq!(pool.len(), 100);
            let states = pool.states();
            let is_known = |name: &str| states.iter().any(|state| state.user_principal_name.as_str() == name);
            assert!(!is_known(users[oldest].as_str()) && is_known(users[oldest - 1].as_str()));
        }
    }
}

#[test]
fn a_user_who_is_read_all_the_time_stays_and_reads_evict_the_others() {
    let (pool, clock) = parking(&Service::default());
    users(200).iter().for_each(|user| drop(pool.for_user(user)));
    let first = token(&pool, "busy");
    for minute in 0..50 {
        assert_eq!((pool.len(), knows(&pool, "busy")), (201, true), "minute {minute}");
        clock.advance(MINUTE);
    }
    clock.advance(10 * MINUTE);
    let reads = (1..100).find(|_| {
        let _ = pool.for_user(&user("busy"));
        pool.len() == 1
    });
    assert!(reads.is_some_and(|reads| reads > 5), "a few at a time: {reads:?}");
    clock.advance(59 * MINUTE);
    assert_eq!(pool.states()[0].user_principal_name.as_str(), "busy");
    assert!(!token(&pool, "busy").is_empty() && !first.is_empty());
}

#[test]
fn many_thousand_users_are_kept_apart_whatever_the_capacity() {
    for capacity in [0, 1, 100_000, usize::MAX] {
        let (pool, _) = parking(&Service::default());
        let pool = pool.with_capacity(capacity);
        let users = users(3000);
        let kept: Vec<_> = users.iter().map(|user| pool.for_user(user)).collect();
        for (user, provider) in users.iter().zip(&kept) {
            assert_eq!(&provider.user_principal_name(), user);
            assert_eq!(&pool.for_user(user).user_principal_name(), user);
        }
        assert_eq!(pool.len(), 3000, "capacity {capacity}");
    }
}

#[test]
fn the_states_of_all_users_are_listed_in_the_order_of_last_use() {
    let (pool, clock) = parking(&Service::default());
    ["a", "b", "c"].iter().for_each(|name| drop(token(&pool, name)));
    drop(pool.for_user(&user("a")));
    drop(pool.for_user(&user("d")));
    let states = pool.states();
    let names: Vec<_> = states.iter().map(|state| state.user_principal_name.as_str()).collect();
    assert_eq!(names, ["b", "c", "a", "d"]);
    assert_eq!(
        states.iter().map(|state| state.phase.is_some()).collect::<Vec<_>>(),
        [true, true, true, false]
    );
    clock.advance(HOUR);
    drop(pool.for_user(&user("d")));
    assert_eq!(pool.states().len(), 1, "a list keeps no user in use");
}

#[test]
fn an_option_makes_another_pool_and_leaves_the_clones_as_they_are() {
    let service = Service::default();
    let (pool, _) = parking(&service);
    let count = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&count);
    pool.on_event(move |_, _| *counted.lock().unwrap() += 1);
    token(&pool, "a");
    let small = pool.clone().with_capacity(1);
    assert!(small.is_empty());
    token(&small, "a");
    users(3).iter().for_each(|user| drop((pool.for_user(user), small.for_user(user))));
    assert_eq!((pool.len(), small.len(), service.count()), (4, 1, 2));
    assert_eq!(*count.lock().unwrap(), 2 + 3, "the observers are those of the first pool");
}

const MINUTE: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_nanos(1);

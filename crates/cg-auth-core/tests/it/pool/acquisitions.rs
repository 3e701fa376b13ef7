//! The limit on acquisitions at once, which run in background tasks.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use cg_auth_core::{TokenErrorKind, TokenProvider};
use tokio::runtime::Builder;

use super::{
    HOUR, Service, many_users_at_once, now, owner, permits, poll, run, run_tasks, spawning, user, users,
};

#[test]
fn a_thousand_users_at_once_get_their_tokens_sixteen_at_a_time() {
    let service = Service::default();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let test = async {
        let (pool, _) = spawning(&service);
        // The service answers only once all permits are in use, however the threads are scheduled.
        assert_eq!(many_users_at_once(&pool, &service, users(1000), 16).await.0, 16);
        pool.shutdown().await;
        assert_eq!(permits(&pool), (0, 0));
    };
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(120), test).await.expect("the test hangs");
    });
    assert_eq!((service.count(), service.most_in_flight()), (1000, 16));
}

#[test]
fn users_who_are_forgotten_under_load_still_get_their_own_tokens() {
    let service = Service::default();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let test = async {
        let pool = spawning(&service).0.with_capacity(10);
        let tasks: Vec<_> = (0..20)
            .map(|task| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    for turn in 0..100 {
                        let user = user(&format!("user{}", (task * 7 + turn * 3) % 50));
                        let token = pool.for_user(&user).token().await.unwrap();
                        assert_eq!(owner(&token), user.as_str());
                        assert!(pool.len() <= 10 + 20);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        run_tasks().await;
        (0..9).for_each(|_| drop(pool.for_user(&user("x"))));
        assert_eq!((pool.len(), permits(&pool)), (10, (0, 0)));
    };
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(120), test).await.expect("the test hangs");
    });
    assert!(service.count() > 100, "{} requests: hardly a user was forgotten", service.count());
    assert!(service.most_in_flight() <= 16);
}

#[test]
fn the_limit_can_be_set_and_is_at_least_one() {
    for (max, expected) in [(0, 1), (1, 1), (3, 3), (100, 50)] {
        let service = Service::default();
        run(async {
            let pool = spawning(&service).0.with_max_acquisitions(max);
            users(50).iter().for_each(|user| pool.for_user(user).prefetch());
            run_tasks().await;
            pool.shutdown().await;
        });
        assert_eq!((service.count(), service.most_in_flight()), (50, expected));
    }
}

#[test]
fn permits_are_granted_in_order_of_arrival() {
    let service = Service::default();
    run(async {
        let pool = spawning(&service).0.with_max_acquisitions(1);
        users(50).iter().for_each(|user| pool.for_user(user).prefetch());
        pool.shutdown().await;
    });
    let served: Vec<_> = service.requests().into_iter().map(|(user, _)| user).collect();
    let asked: Vec<_> = users(50).iter().map(|user| user.as_str().to_owned()).collect();
    assert_eq!(served, asked);
}

#[test]
fn a_permit_is_held_until_the_acquisition_ends() {
    let service = Service::default();
    run(async {
        let (pool, clock) = spawning(&service);
        let pool = pool.with_max_acquisitions(1);
        let (a, b) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
        a.token().await.unwrap();
        clock.advance(2 * HOUR);
        service.refuse_refresh();
        let (a, b) = (pin!(a.token()), pin!(b.token()));
        let (a, b) = both(a, b).await;
        assert_eq!((owner(&a.unwrap()), owner(&b.unwrap())), ("a", "b"));
    });
    let expected = [("a", "delegate"), ("a", "refresh"), ("a", "delegate"), ("b", "delegate")];
    assert_eq!(service.requests(), expected.map(|(user, grant)| (user.to_owned(), grant)));
}

#[test]
fn an_acquisition_that_fails_gives_its_permit_back() {
    let service = Service::default();
    run(async {
        let pool = spawning(&service).0.with_max_acquisitions(1);
        service.set_down(true);
        for user in users(20) {
            assert_eq!(pool.for_user(&user).token().await.unwrap_err().kind(), TokenErrorKind::Call);
        }
        run_tasks().await;
        assert_eq!(permits(&pool), (0, 0));
    });
}

#[test]
fn an_acquisition_that_panics_gives_its_permit_back() {
    let service = Service::default();
    run(async {
        let pool = spawning(&service).0.with_max_acquisitions(1);
        service.panic_for("a");
        let (a, b) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
        let (a, b) = both(pin!(a.token()), pin!(b.token())).await;
        assert_eq!(a.unwrap_err().kind(), TokenErrorKind::Lost);
        assert_eq!(owner(&b.unwrap()), "b");
        run_tasks().await;
        assert_eq!(permits(&pool), (0, 0));
    });
}

#[test]
fn callers_who_leave_cost_no_permit() {
    let service = Service::default();
    run(async {
        let pool = spawning(&service).0.with_max_acquisitions(2);
        service.close();
        for round in 0..3 {
            for user in users(100) {
                let provider = pool.for_user(&user);
                let mut token = provider.token();
                assert!(poll(Pin::new(&mut token)).is_pending());
                if round == 1 {
                    run_tasks().await;
                }
            }
            run_tasks().await;
            assert_eq!((service.in_flight(), permits(&pool)), (2, (2, 98)));
        }
        service.open();
        assert_eq!(owner(&pool.for_user(&user("x")).token().await.unwrap()), "x");
        run_tasks().await;
        assert_eq!((service.count(), service.most_in_flight(), permits(&pool)), (101, 2, (0, 0)));
    });
}

#[test]
fn acquisitions_of_a_dropped_pool_send_no_further_request() {
    let service = Service::default();
    run(async {
        let pool = spawning(&service).0.with_max_acquisitions(2);
        service.close();
        users(9).iter().for_each(|user| pool.for_user(user).prefetch());
        run_tasks().await;
        assert_eq!((service.in_flight(), permits(&pool)), (2, (2, 7)));
        drop(pool);
        service.open();
        run_tasks().await;
        assert_eq!((service.count(), service.in_flight()), (2, 0));
    });
}

#[test]
fn a_caller_with_a_valid_token_waits_for_no_permit() {
    let service = Service::default();
    run(async {
        let (pool, clock) = spawning(&service);
        let pool = pool.with_max_acquisitions(1);
        let fresh = pool.for_user(&user("fresh"));
        fresh.token().await.unwrap();
        clock.advance(HOUR - Duration::from_secs(60));
        service.close();
        let busy = pool.for_user(&user("busy"));
        busy.prefetch();
        run_tasks().await;
        now(fresh.token()).unwrap();
        run_tasks().await;
        assert_eq!(permits(&pool), (1, 1), "the renewal waits for its permit");
        now(fresh.token()).unwrap();
    });
}

#[test]
fn refreshes_wait_for_permits_too() {
    let service = Service::default();
    run(async {
        let (pool, clock) = spawning(&service);
        let pool = pool.with_max_acquisitions(2);
        let kept: Vec<_> = users(6).iter().map(|user| pool.for_user(user)).collect();
        for provider in &kept {
            provider.token().await.unwrap();
        }
        clock.advance(2 * HOUR);
        service.close();
        kept.iter().for_each(TokenProvider::prefetch);
        run_tasks().await;
        assert_eq!((service.in_flight(), permits(&pool)), (2, (2, 4)));
        service.open();
        for (provider, user) in kept.iter().zip(users(6)) {
            assert_eq!(owner(&provider.token().await.unwrap()), user.as_str());
        }
        assert!(service.requests()[6..].iter().all(|(_, grant)| *grant == "refresh"));
    });
}

#[test]
fn a_permit_is_given_back_before_observers_are_notified() {
    let service = Service::default();
    run(async {
        let pool = spawning(&service).0.with_max_acquisitions(1);
        let (seen, observed) = (Arc::new(Mutex::new(Vec::new())), pool.clone());
        let notes = Arc::clone(&seen);
        pool.on_event(move |_, _| notes.lock().unwrap().push(permits(&observed)));
        users(3).iter().for_each(|user| pool.for_user(user).prefetch());
        pool.shutdown().await;
        assert_eq!(*seen.lock().unwrap(), [(1, 1), (1, 0), (0, 0)]);
    });
}

async fn both<A: Future + Unpin, B: Future + Unpin>(mut a: A, mut b: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (None, None);
    poll_fn(move |context| {
        if first.is_none()
            && let Poll::Ready(output) = Pin::new(&mut a).poll(context)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = Pin::new(&mut b).poll(context)
        {
            second = Some(output);
        }
        match (first.take(), second.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (first, second) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

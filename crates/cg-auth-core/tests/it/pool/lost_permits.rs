//! Acquisitions that hold a permit while their runtime stands still.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use cg_auth_core::{
    AuthClient, TokenPool, TokenProvider,
    token::{SecretFn, SecretResult},
};
use tokio::runtime::{Builder, Runtime as Tokio};

use super::{HOUR, Service, owner, permits, poll, run, run_tasks, secret, spawning, user, users};

/// Three times the limit on a call.
const END: Duration = AuthClient::DEFAULT_TIMEOUT.saturating_mul(3);
const NANOSECOND: Duration = Duration::from_nanos(1);

fn tokio() -> Tokio {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Starts an acquisition whose task runs on `runtime`, as far as it gets.
fn start_on(runtime: &Tokio, provider: &TokenProvider) {
    runtime.block_on(async {
        provider.prefetch();
        run_tasks().await;
    });
}

fn event_names(pool: &TokenPool) -> Arc<Mutex<Vec<(String, &'static str)>>> {
    let seen = Arc::<Mutex<Vec<_>>>::default();
    let names = Arc::clone(&seen);
    pool.on_event(move |user, event| names.lock().unwrap().push((user.as_str().to_owned(), event.name())));
    seen
}

#[test]
fn sixteen_lost_acquisitions_delay_the_next_user_until_their_end_time_at_most() {
    let service = Service::default();
    let (pool, clock) = spawning(&service);
    let idle = Builder::new_current_thread().enable_time().build().unwrap();
    let kept: Vec<_> = users(16).iter().map(|user| pool.for_user(user)).collect();
    service.close();
    idle.block_on(async {
        kept.iter().for_each(TokenProvider::prefetch);
        run_tasks().await;
    });
    service.open();
    run(async {
        let next = pool.for_user(&user("next"));
        let mut token = pin!(next.token());
        assert!(poll(token.as_mut()).is_pending());
        run_tasks().await;
        assert_eq!(permits(&pool), (16, 1));
        clock.advance(3 * AuthClient::DEFAULT_TIMEOUT);
        assert_eq!(owner(&token.await.unwrap()), "next");
        assert_eq!(owner(&kept[0].token().await.unwrap()), "user0@example.com");
    });
}

#[test]
fn the_time_of_an_acquisition_runs_from_its_permit_on_even_if_no_caller_looks() {
    let service = Service::default();
    let (pool, clock) = spawning(&service);
    let pool = pool.with_max_acquisitions(1);
    let (first, lost, next) =
        (pool.for_user(&user("a")), pool.for_user(&user("b")), pool.for_user(&user("c")));
    let (driven, idle) = (tokio(), tokio());
    service.close();
    start_on(&driven, &first);
    start_on(&idle, &lost);
    assert_eq!(permits(&pool), (1, 1));
    service.open();
    driven.block_on(run_tasks());
    assert_eq!((service.count(), permits(&pool)), (1, (1, 0)), "a lost task has the permit");
    clock.advance(END - NANOSECOND);
    run(async {
        let mut token = pin!(next.token());
        assert!(poll(token.as_mut()).is_pending());
        run_tasks().await;
        assert_eq!(permits(&pool), (1, 1));
        clock.advance(NANOSECOND);
        assert_eq!(owner(&token.await.unwrap()), "c");
    });
}

#[test]
fn each_of_several_lost_acquisitions_delays_the_next_user_until_its_end_time_at_most() {
    let service = Service::default();
    let (pool, clock) = spawning(&service);
    let pool = pool.with_max_acquisitions(1);
    let lost: Vec<_> = users(3).iter().map(|user| pool.for_user(user)).collect();
    let idle = tokio();
    lost.iter().for_each(|provider| start_on(&idle, provider));
    // The first one has had its token. The others are lost.
    let lost: Vec<_> = users(2).iter().map(|user| pool.for_user(user)).collect();
    lost.iter().for_each(TokenProvider::clear);
    service.close();
    lost.iter().for_each(|provider| start_on(&idle, provider));
    assert_eq!(permits(&pool), (1, 1));
    service.open();
    run(async {
        let next = pool.for_user(&user("next"));
        let mut token = pin!(next.token());
        for _ in 0..2 {
            assert!(poll(token.as_mut()).is_pending());
            run_tasks().await;
            clock.advance(END);
        }
        assert_eq!(owner(&token.await.unwrap()), "next");
    });
}

#[test]
fn a_lost_acquisition_is_cancelled_with_its_permit_and_its_task_sends_nothing_more() {
    let service = Service::default();
    let (pool, clock) = spawning(&service);
    let pool = pool.with_max_acquisitions(1);
    let seen = event_names(&pool);
    let (lost, next) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
    let idle = tokio();
    service.close();
    start_on(&idle, &lost);
    service.open();
    run(async {
        let mut token = pin!(next.token());
        assert!(poll(token.as_mut()).is_pending());
        run_tasks().await;
        clock.advance(END);
        assert_eq!(owner(&token.await.unwrap()), "b");
    });
    assert!(!lost.state().is_acquiring);
    assert_eq!(service.in_flight(), 0);
    idle.block_on(run_tasks());
    assert_eq!((service.count(), permits(&pool)), (2, (0, 0)));
    assert!(lost.peek().is_none());
    let expected = [("a", "acquisition_abandoned"), ("b", "token_acquired")];
    assert_eq!(*seen.lock().unwrap(), expected.map(|(user, name)| (user.to_owned(), name)));
}

#[test]
fn a_lost_refresh_gives_its_permit_back_and_its_result_counts_if_its_task_runs_again() {
    let service = Service::default();
    let (pool, clock) = spawning(&service);
    let pool = pool.with_max_acquisitions(1);
    let (lost, next) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
    let idle = tokio();
    idle.block_on(async { lost.token().await.unwrap() });
    clock.advance(2 * HOUR);
    service.close();
    start_on(&idle, &lost);
    service.open();
    run(async {
        let mut token = pin!(next.token());
        assert!(poll(token.as_mut()).is_pending());
        run_tasks().await;
        clock.advance(END);
        assert_eq!(owner(&token.await.unwrap()), "b");
    });
    assert_eq!((service.in_flight(), permits(&pool)), (1, (0, 0)));
    idle.block_on(run_tasks());
    assert_eq!(owner(&lost.peek().unwrap()), "a");
    assert!(lost.state().has_refresh_token);
    assert_eq!((service.in_flight(), service.count()), (0, 3));
}

/// A future of the program that panics when it is dropped.
struct Explosive;

impl Future for Explosive {
    type Output = SecretResult;

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<SecretResult> {
        Poll::Pending
    }
}

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("a panic while the future is dropped");
    }
}

#[test]
fn a_future_that_panics_when_it_is_dropped_fails_no_other_user() {
    let service = Service::default();
    let (pool, clock) = spawning(&service);
    let pool = pool.with_max_acquisitions(1);
    let is_first = AtomicBool::new(true);
    pool.replace_secret(SecretFn::new(move |_| {
        let explosive = is_first.swap(false, Ordering::SeqCst).then(|| Explosive);
        async move {
            match explosive {
                Some(explosive) => explosive.await,
                None => Ok(secret()),
            }
        }
    }));
    let (lost, next) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
    let idle = tokio();
    start_on(&idle, &lost);
    run(async {
        let mut token = pin!(next.token());
        assert!(poll(token.as_mut()).is_pending());
        run_tasks().await;
        clock.advance(END);
        assert_eq!(owner(&token.await.unwrap()), "b");
    });
    assert_eq!(permits(&pool), (0, 0));
}

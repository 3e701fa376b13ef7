//! So many attempts at once, where nothing can be spawned and each is moved on by whoever is polled.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use cg_auth_core::token::{TokenErrorKind, TokenFuture};

use super::{HOUR, Service, owner, parking, poll, run, turns, user, users};

/// Polls it once.
fn begin(token: &mut TokenFuture<'_>) {
    assert!(poll(Pin::new(token)).is_pending());
}

#[test]
fn many_users_at_once_get_their_tokens_sixteen_at_a_time() {
    let service = Service::default();
    run(async {
        let (pool, _) = parking(&service);
        let tasks: Vec<_> = users(200)
            .into_iter()
            .map(|user| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    let token = pool.for_user(&user).token().await.unwrap();
                    assert_eq!(owner(&token), user.as_str());
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(turns(&pool), (0, 0));
    });
    assert_eq!((service.count(), service.most_in_flight()), (200, 16));
}

#[test]
fn a_caller_who_is_not_polled_stands_in_nobodys_way() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1);
        let (holder, queued, other) =
            (pool.for_user(&user("a")), pool.for_user(&user("b")), pool.for_user(&user("c")));
        let (mut first, mut second) = (holder.token(), queued.token());
        begin(&mut first);
        begin(&mut second);
        assert_eq!(owner(&other.token().await.unwrap()), "c");
        assert_eq!((service.count(), service.most_in_flight()), (3, 1));
        assert_eq!(owner(&first.await.unwrap()), "a");
        assert_eq!(owner(&second.await.unwrap()), "b");
        assert_eq!((service.count(), turns(&pool)), (3, (0, 0)), "nothing was lost or asked for again");
    });
}

#[test]
fn a_turn_has_been_given_back_when_others_hear_of_its_end() {
    let service = Service::default();
    let pool = parking(&service).0.with_max_acquisitions(1);
    service.close();
    let (first, second) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
    let (mut holder, mut queued) = (first.token(), second.token());
    begin(&mut holder);
    begin(&mut queued);
    let third = pool.for_user(&user("c"));
    let caller = Arc::new(Caller {
        call: Mutex::new(Box::pin(async move { third.token().await.is_ok() })),
        is_woken: true.into(),
    });
    assert_eq!(caller.poll_if_woken(), None);
    let polled_meanwhile = Arc::clone(&caller);
    pool.on_event(move |user, _| {
        if user.as_str() == "a" {
            polled_meanwhile.poll_if_woken();
        }
    });
    service.open();
    assert_eq!(owner(&run(holder).unwrap()), "a");
    // From here on nobody else is polled, and nobody is woken for nothing.
    let ends = (0..10).find_map(|_| caller.poll_if_woken());
    assert_eq!(ends, Some(true));
}

/// Polled when it is woken, and then only.
struct Caller {
    call: Mutex<Pin<Box<dyn Future<Output = bool> + Send>>>,
    is_woken: AtomicBool,
}

impl Caller {
    fn poll_if_woken(self: &Arc<Self>) -> Option<bool> {
        let is_woken = self.is_woken.swap(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(self));
        let mut call = self.call.lock().unwrap();
        match call.as_mut().poll(&mut is_woken.then(|| Context::from_waker(&waker))?) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}

impl Wake for Caller {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_service_that_is_slow_wakes_whoever_moves_others_on() {
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
        super::settle().await;
        assert_eq!((service.in_flight(), turns(&pool)), (2, (2, 5)));
        service.open();
        assert_eq!(owner(&task.await.unwrap().unwrap()), "x");
        assert_eq!((service.count(), service.most_in_flight()), (7, 2));
        drop(idle);
    });
}

#[test]
fn callers_who_have_left_stand_in_nobodys_way_and_their_attempts_are_not_lost() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(2);
        let kept: Vec<_> = users(9).iter().map(|user| pool.for_user(user)).collect();
        service.close();
        kept.iter().for_each(|provider| begin(&mut provider.token()));
        assert_eq!(turns(&pool), (2, 7));
        service.open();
        assert_eq!(owner(&pool.for_user(&user("x")).token().await.unwrap()), "x");
        for (provider, user) in kept.iter().zip(users(9)) {
            assert_eq!(owner(&provider.token().await.unwrap()), user.as_str());
        }
        assert_eq!((service.count(), service.most_in_flight(), turns(&pool)), (10, 2, (0, 0)));
    });
}

#[test]
fn an_attempt_whose_provider_is_gone_gives_its_turn_back() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1).with_capacity(1);
        service.close();
        begin(&mut pool.for_user(&user("a")).token());
        assert_eq!((service.in_flight(), turns(&pool)), (1, (1, 0)));
        let other = pool.for_user(&user("b"));
        assert_eq!((service.in_flight(), turns(&pool), pool.len()), (0, (0, 0), 1));
        service.open();
        assert_eq!(owner(&other.token().await.unwrap()), "b");
    });
}

#[test]
fn an_attempt_that_is_moved_on_when_its_provider_goes_gives_its_turn_back_too() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1);
        service.close();
        begin(&mut pool.for_user(&user("a")).token());
        let (second, third) = (pool.for_user(&user("b")), pool.for_user(&user("c")));
        let (mut queued, mut waiting) = (second.token(), third.token());
        begin(&mut queued);
        begin(&mut waiting);
        let pool = pool.with_capacity(2);
        drop(pool.for_user(&user("c")));
        assert_eq!((pool.len(), turns(&pool)), (2, (1, 2)), "the user is gone, the request is on the wire");
        service.open();
        assert_eq!(owner(&waiting.await.unwrap()), "c");
        assert_eq!(owner(&queued.await.unwrap()), "b");
        assert_eq!(turns(&pool), (0, 0));
    });
}

#[test]
fn a_place_in_the_queue_is_given_up_with_its_provider() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1);
        service.close();
        let holder = pool.for_user(&user("a"));
        begin(&mut holder.token());
        users(9).iter().for_each(|user| begin(&mut pool.for_user(user).token()));
        assert_eq!(turns(&pool), (1, 9));
        pool.clear();
        assert_eq!((turns(&pool), pool.len()), ((0, 0), 1));
    });
}

#[test]
fn a_panic_of_one_users_attempt_is_not_another_users() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1);
        service.panic_for("a");
        let (a, b) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
        begin(&mut a.token());
        assert_eq!(owner(&b.token().await.unwrap()), "b");
        assert_eq!(a.token().await.unwrap_err().kind(), TokenErrorKind::Lost);
        assert_eq!(turns(&pool), (0, 0));
    });
}

#[test]
fn a_new_generation_gives_the_turn_of_the_old_one_back() {
    let service = Service::default();
    run(async {
        let pool = parking(&service).0.with_max_acquisitions(1);
        service.close();
        let (a, b) = (pool.for_user(&user("a")), pool.for_user(&user("b")));
        let mut waiting = a.token();
        begin(&mut waiting);
        begin(&mut b.token());
        a.clear();
        service.open();
        assert_eq!(owner(&b.token().await.unwrap()), "b");
        assert_eq!(owner(&waiting.await.unwrap()), "a");
        assert_eq!(turns(&pool), (0, 0));
    });
}

#[test]
fn refreshes_wait_for_their_turn_too() {
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
        assert_eq!((service.in_flight(), turns(&pool)), (2, (2, 4)));
        service.open();
        for (token, user) in tokens.into_iter().zip(users(6)) {
            assert_eq!(owner(&token.await.unwrap()), user.as_str());
        }
        assert!(service.requests()[6..].iter().all(|(_, grant)| *grant == "refresh"));
    });
}

//! A refused secret and a service that is down: the users of a pool learn from each other.

use std::time::Duration;

use cg_auth_core::{CallError, ClientSecret, TokenError, TokenPool, TokenProvider, testing::ManualClock};
use http::StatusCode;

use super::{HOUR, Service, owner, parking, permits, run, run_tasks, spawning, user, users};
use crate::support::SECRET;

fn status(error: &TokenError) -> Option<StatusCode> {
    error.as_call().and_then(CallError::status)
}

/// Each user calls for a token, all at once; returns how many got one.
async fn all_call(kept: &[TokenProvider]) -> usize {
    let calls: Vec<_> = kept
        .iter()
        .map(|provider| {
            let provider = provider.clone();
            tokio::spawn(async move { provider.token().await.is_ok() })
        })
        .collect();
    let mut served = 0;
    for call in calls {
        served += usize::from(call.await.unwrap());
    }
    served
}

fn kept(pool: &TokenPool, count: usize) -> Vec<TokenProvider> {
    users(count).iter().map(|user| pool.for_user(user)).collect()
}

/// Calls of all users for so many seconds.
async fn calls_for(kept: &[TokenProvider], clock: &ManualClock, seconds: u32) {
    for _ in 0..seconds {
        all_call(kept).await;
        clock.advance(Duration::from_secs(1));
    }
}

#[test]
fn a_refused_secret_is_sent_by_few_of_many_users_and_by_one_a_minute_from_then_on() {
    let service = Service::default();
    service.refuse_secret(Some(SECRET));
    run(async {
        let (pool, clock) = spawning(&service);
        let kept = kept(&pool, 500);
        assert_eq!(all_call(&kept).await, 0);
        let first = service.count();
        assert!(first <= TokenPool::DEFAULT_MAX_ACQUISITIONS, "{first}");
        calls_for(&kept, &clock, 59).await;
        assert_eq!(service.count(), first);
        calls_for(&kept, &clock, 180).await;
        assert!((first + 2..=first + 4).contains(&service.count()), "{first} {}", service.count());
        service.refuse_secret(None);
        calls_for(&kept, &clock, 70).await;
        assert_eq!(all_call(&kept).await, 500);
        assert_eq!(permits(&pool), (0, 0));
    });
}

#[test]
fn another_secret_of_the_source_is_used_within_two_seconds() {
    for replaces in [true, false] {
        let service = Service::default();
        service.refuse_secret(Some(SECRET));
        run(async {
            let secret = std::sync::Arc::new(std::sync::Mutex::new(SECRET));
            let read = std::sync::Arc::clone(&secret);
            let source = cg_auth_core::token::SecretFn::new(move |_| {
                let text = *read.lock().unwrap();
                async move { Ok(ClientSecret::new(text)?) }
            });
            let (pool, clock) = spawning(&service);
            pool.replace_secret(source);
            let kept = kept(&pool, 100);
            assert_eq!(all_call(&kept).await, 0);
            match replaces {
                true => pool.replace_secret(ClientSecret::new("another-s3cret").unwrap()),
                false => *secret.lock().unwrap() = "another-s3cret",
            }
            clock.advance(Duration::from_secs(if replaces { 0 } else { 2 }));
            assert_eq!(all_call(&kept).await, 100);
        });
    }
}

#[test]
fn one_user_who_is_refused_delays_no_other_user_once_the_secret_was_accepted() {
    let service = Service::default();
    service.refuse_user("bad");
    run(async {
        let (pool, clock) = spawning(&service);
        assert!(pool.for_user(&user("a")).token().await.is_ok());
        let bad = pool.for_user(&user("bad"));
        for name in ["b", "c", "d", "e", "f"] {
            assert_eq!(status(&bad.token().await.unwrap_err()), Some(StatusCode::UNAUTHORIZED));
            assert_eq!(owner(&pool.for_user(&user(name)).token().await.unwrap()), name);
            clock.advance(Duration::from_secs(61));
        }
    });
}

#[test]
fn a_service_that_is_down_is_probed_by_one_user_at_a_time_with_growing_pauses() {
    let service = Service::default();
    service.set_down(true);
    run(async {
        let (pool, clock) = spawning(&service);
        let kept = kept(&pool, 500);
        assert_eq!(all_call(&kept).await, 0);
        let first = service.count();
        assert!(first <= TokenPool::DEFAULT_MAX_ACQUISITIONS, "{first}");
        calls_for(&kept, &clock, 8).await;
        assert!(service.count() - first <= 6, "{first} {}", service.count());
        calls_for(&kept, &clock, 240).await;
        // Pauses of up to 1, 2, 4, 8, 16, 32 and 60 s, jitter takes up to half.
        assert!((first + 6..=first + 16).contains(&service.count()), "{first} {}", service.count());
        service.set_down(false);
        // The longest pause, of the service or of one of its users, is over.
        clock.advance(Duration::from_secs(60));
        all_call(&kept).await;
        calls_for(&kept, &clock, 62).await;
        assert_eq!(all_call(&kept).await, 500);
    });
}

#[test]
fn while_one_user_probes_the_others_fail_at_once() {
    let service = Service::default();
    service.set_down(true);
    run(async {
        let (pool, clock) = spawning(&service);
        let kept = kept(&pool, 20);
        all_call(&kept).await;
        service.close();
        clock.advance(Duration::from_secs(2));
        let before = service.count();
        kept.iter().for_each(TokenProvider::prefetch);
        run_tasks().await;
        assert_eq!((service.count(), service.in_flight()), (before + 1, 1));
        let late = pool.for_user(&user("late")).token().await.unwrap_err();
        assert_eq!(status(&late), Some(StatusCode::SERVICE_UNAVAILABLE));
        assert!(late.is_retryable() && late.retry_after().is_some_and(|wait| wait <= Duration::from_secs(1)));
        // A probe that is cancelled leaves its place to the next one.
        kept.iter().for_each(TokenProvider::clear);
        assert_eq!(service.in_flight(), 0);
        service.set_down(false);
        service.open();
        assert!(pool.for_user(&user("next")).token().await.is_ok());
        clock.advance(Duration::from_secs(2));
        assert!(pool.for_user(&user("late")).token().await.is_ok());
    });
}

#[test]
fn refreshes_that_say_nothing_about_the_service_are_no_outage() {
    for status in [408, 425, 429, 500] {
        let service = Service::default();
        run(async {
            let (pool, clock) = spawning(&service);
            let kept = kept(&pool, 6);
            assert_eq!(all_call(&kept).await, 6);
            service.fail_refresh(status);
            clock.advance(HOUR - Duration::from_secs(300));
            kept[..5].iter().for_each(TokenProvider::prefetch);
            run_tasks().await;
            assert_eq!(count_of(&service, "refresh"), 5);
            kept[5].prefetch();
            run_tasks().await;
            assert_eq!(count_of(&service, "refresh"), 6, "{status}");
        });
    }
}

#[test]
fn a_refresh_from_before_a_clear_counts_for_no_outage() {
    let service = Service::default();
    run(async {
        let (pool, clock) = spawning(&service);
        let kept = kept(&pool, 6);
        assert_eq!(all_call(&kept).await, 6);
        service.set_grant_down("refresh");
        clock.advance(HOUR - Duration::from_secs(300));
        service.close();
        kept[..5].iter().for_each(TokenProvider::prefetch);
        run_tasks().await;
        kept[..5].iter().for_each(TokenProvider::clear);
        service.open();
        run_tasks().await;
        assert_eq!((service.in_flight(), count_of(&service, "refresh")), (0, 5));
        kept[5].prefetch();
        run_tasks().await;
        assert_eq!(count_of(&service, "refresh"), 6);
    });
}

#[test]
fn valid_tokens_are_served_during_an_outage() {
    let service = Service::default();
    run(async {
        let (pool, clock) = spawning(&service);
        let kept = kept(&pool, 50);
        assert_eq!(all_call(&kept).await, 50);
        service.set_down(true);
        clock.advance(HOUR - Duration::from_secs(300));
        calls_for(&kept, &clock, 290).await;
        assert_eq!(all_call(&kept).await, 50);
        assert!(service.count() < 50 + 16 + 16, "{}", service.count());
    });
}

#[test]
fn parked_acquisitions_learn_from_each_other_too() {
    for is_refused in [true, false] {
        let service = Service::default();
        run(async {
            let (pool, _clock) = parking(&service);
            match is_refused {
                true => service.refuse_secret(Some(SECRET)),
                false => service.set_down(true),
            }
            for user in users(100) {
                assert!(pool.for_user(&user).token().await.is_err());
            }
        });
        assert_eq!(service.count(), if is_refused { 1 } else { 3 });
    }
}

/// How many requests with this grant the service has had.
fn count_of(service: &Service, grant: &str) -> usize {
    service.requests().iter().filter(|(_, sent)| *sent == grant).count()
}

#[test]
fn refreshes_that_fail_put_off_no_user_who_needs_the_credential() {
    let service = Service::default();
    run(async {
        let (pool, clock) = spawning(&service);
        let kept = kept(&pool, 100);
        assert_eq!(all_call(&kept).await, 100);
        service.set_grant_down("refresh");
        clock.advance(HOUR - Duration::from_secs(300));
        for second in 0..290 {
            assert_eq!(all_call(&kept).await, 100);
            if second % 29 == 0 {
                let new = pool.for_user(&user(&format!("new{second}")));
                assert!(new.token().await.is_ok(), "{second}");
            }
            clock.advance(Duration::from_secs(1));
        }
        assert!(count_of(&service, "refresh") <= 16 + 16, "{}", count_of(&service, "refresh"));
        // A user who was put off a moment ago uses the credential once its token has expired.
        clock.advance(Duration::from_secs(10));
        assert_eq!(all_call(&kept).await, 100);
        assert_eq!(count_of(&service, "delegate"), 100 + 10 + 100);
    });
}

#[test]
fn a_credential_that_fails_puts_off_no_user_who_has_a_refresh_token() {
    let service = Service::default();
    run(async {
        let (pool, clock) = spawning(&service);
        let kept = kept(&pool, 20);
        assert_eq!(all_call(&kept).await, 20);
        service.set_grant_down("delegate");
        for number in 0..3 {
            assert!(pool.for_user(&user(&format!("new{number}"))).token().await.is_err());
        }
        let before = service.count();
        assert!(pool.for_user(&user("late")).token().await.is_err());
        assert_eq!(service.count(), before, "the service is known to be down for this user");
        clock.advance(HOUR);
        assert_eq!(all_call(&kept).await, 20);
        assert_eq!(count_of(&service, "refresh"), 20);
    });
}

#[test]
fn users_with_refresh_tokens_probe_a_service_that_is_down_one_at_a_time_too() {
    let service = Service::default();
    run(async {
        let (pool, clock) = spawning(&service);
        let kept = kept(&pool, 200);
        assert_eq!(all_call(&kept).await, 200);
        service.set_down(true);
        clock.advance(HOUR);
        let first = service.count();
        calls_for(&kept, &clock, 240).await;
        // Each acquisition makes two calls: 16 acquisitions at first, then probes after 1, 2, 4 s and so on.
        assert!(service.count() - first <= 2 * (16 + 16), "{}", service.count() - first);
        service.set_down(false);
        calls_for(&kept, &clock, 130).await;
        assert_eq!(all_call(&kept).await, 200);
    });
}

#[test]
fn one_user_who_is_refused_delays_no_other_user_after_a_clear_either() {
    let service = Service::default();
    service.refuse_user("bad");
    run(async {
        let (pool, _clock) = spawning(&service);
        assert!(pool.for_user(&user("a")).token().await.is_ok());
        pool.clear();
        assert!(pool.for_user(&user("bad")).token().await.is_err());
        assert_eq!(owner(&pool.for_user(&user("b")).token().await.unwrap()), "b");
    });
}

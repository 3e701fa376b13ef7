//! Waiters who leave, and waiters who are not polled.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use cg_auth_core::{
    ClientSecret, TokenErrorKind, TokenProvider,
    testing::ScriptedTransport,
    token::{SecretFn, SecretResult, TokenFuture},
};

use super::{
    Tasks, Woken, bounded, everywhere, issue, poll, poll_once, poll_with, provider, provider_with, until,
};

fn held_back(tasks: Tasks) -> (TokenProvider, ScriptedTransport) {
    let script = ScriptedTransport::new().hold_back(issue(1));
    (provider(script.clone(), tasks).0, script)
}

#[test]
fn an_acquisition_survives_the_caller_who_started_it() {
    everywhere(async |tasks| {
        let (provider, script) = held_back(tasks);
        let mut leader = Box::pin(provider.token());
        let mut other = pin!(provider.token());
        assert!(poll_once(leader.as_mut()).await.is_pending());
        assert!(poll_once(other.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        drop(leader);
        script.release();
        assert_eq!(other.await.unwrap().expose_secret(), "token-1");
        assert_eq!(script.requests().len(), 1);
    });
}

#[test]
fn the_last_waiter_is_woken_if_each_leaves_once_the_next_was_polled() {
    everywhere(async |tasks| {
        let (provider, script) = held_back(tasks);
        let mut last = (Box::pin(provider.token()), Arc::<Woken>::default());
        assert!(poll_with(last.0.as_mut(), &last.1).is_pending());
        until(|| script.in_flight() == 1).await;
        for _ in 0..100 {
            let mut next = (Box::pin(provider.token()), Arc::<Woken>::default());
            assert!(poll_with(next.0.as_mut(), &next.1).is_pending());
            last = next;
        }
        let (mut token, woken) = last;
        let before = woken.times();
        script.release();
        until(|| woken.times() > before).await;
        let Poll::Ready(token) = poll(token.as_mut()) else { panic!("woken without an outcome") };
        assert_eq!(token.unwrap().expose_secret(), "token-1");
        assert_eq!(script.requests().len(), 1);
    });
}

#[test]
fn a_waiter_who_is_not_polled_delays_no_other_waiter() {
    everywhere(async |tasks| {
        let (provider, script) = held_back(tasks);
        let mut idle = pin!(provider.token());
        assert!(poll(idle.as_mut()).is_pending());
        let mut busy = pin!(provider.token());
        assert!(poll_once(busy.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        script.release();
        assert_eq!(busy.await.unwrap().expose_secret(), "token-1");
        assert_eq!(idle.await.unwrap().expose_secret(), "token-1");
        assert_eq!(script.requests().len(), 1);
    });
}

#[test]
fn no_wake_is_lost_with_a_waiter_who_is_woken_and_dropped() {
    everywhere(async |tasks| {
        let (provider, script) = held_back(tasks);
        let mut callers: Vec<_> =
            (0..3).map(|_| (Box::pin(provider.token()), Arc::<Woken>::default())).collect();
        for (token, woken) in &mut callers {
            assert!(poll_with(token.as_mut(), woken).is_pending());
        }
        until(|| script.in_flight() == 1).await;
        let before: Vec<_> = callers.iter().map(|(_, woken)| woken.times()).collect();
        script.release();
        for ((_, woken), before) in callers.iter().zip(before) {
            until(|| woken.times() > before).await;
        }
        let (mut last, woken) = callers.pop().unwrap();
        drop(callers);
        let Poll::Ready(token) = poll_with(last.as_mut(), &woken) else { panic!("woken without an outcome") };
        assert_eq!(token.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn an_acquisition_without_waiters_ends_in_the_background_or_is_resumed_by_the_next_caller() {
    everywhere(async |tasks| {
        let (provider, script) = held_back(tasks);
        let mut callers: Vec<_> = (0..3).map(|_| Box::pin(provider.token())).collect();
        for token in &mut callers {
            assert!(poll_once(token.as_mut()).await.is_pending());
        }
        until(|| script.in_flight() == 1).await;
        drop(callers);
        script.release();
        match tasks {
            Tasks::Spawned => until(|| provider.peek().is_some()).await,
            Tasks::Parked => assert!(provider.peek().is_none()),
        }
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
        assert_eq!(script.requests().len(), 1);
    });
}

#[test]
fn a_waiter_is_woken_only_for_progress_and_its_waker_is_dropped_with_it() {
    everywhere(async |tasks| {
        let (provider, script) = held_back(tasks);
        let mut token = Box::pin(provider.token());
        let woken = Arc::<Woken>::default();
        assert!(poll_with(token.as_mut(), &woken).is_pending());
        until(|| script.in_flight() == 1).await;
        let before = woken.times();
        for _ in 0..3 {
            assert!(poll_with(token.as_mut(), &woken).is_pending());
        }
        assert_eq!(woken.times(), before);
        drop(token);
        until(|| Arc::strong_count(&woken) == 1).await;
    });
}

/// A waker that owns a waiter, as in some executors.
struct Owner(#[allow(dead_code)] Mutex<Pin<Box<TokenFuture<'static>>>>);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_may_own_another_waiter() {
    everywhere(async |tasks| {
        let (provider, script) = held_back(tasks);
        let provider: &'static TokenProvider = Box::leak(Box::new(provider));
        let mut owned = Box::pin(provider.token());
        assert!(poll_once(owned.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        let waker = Waker::from(Arc::new(Owner(Mutex::new(owned))));
        let mut token = pin!(provider.token());
        assert!(token.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert!(poll_once(token.as_mut()).await.is_pending(), "the other waiter is dropped with its waker");
        script.release();
        assert_eq!(token.await.unwrap().expose_secret(), "token-1");
    });
}

/// A waker of a broken executor.
struct Panicking;

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        panic!("this waker panics");
    }
}

#[test]
fn a_waker_that_panics_keeps_no_other_waiter_asleep() {
    everywhere(async |tasks| {
        let (provider, script) = held_back(tasks);
        let mut broken = pin!(provider.token());
        assert!(broken.as_mut().poll(&mut Context::from_waker(&Arc::new(Panicking).into())).is_pending());
        let mut token = pin!(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        script.release();
        assert_eq!(bounded(token).await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn no_request_is_sent_before_the_first_poll() {
    everywhere(async |tasks| {
        let (provider, script) = held_back(tasks);
        drop(provider.token());
        tokio::task::yield_now().await;
        assert!(script.requests().is_empty());
        assert!(!provider.state().is_acquiring);
    });
}

#[test]
fn a_dropped_provider_leaves_no_acquisition_behind() {
    everywhere(async |tasks| {
        let script = Arc::new(ScriptedTransport::new().hold_back(issue(1)));
        let (provider, _clock) = provider(Arc::clone(&script), tasks);
        let mut token = Box::pin(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        drop(token);
        drop(provider);
        if tasks == Tasks::Spawned {
            assert_eq!(script.in_flight(), 1, "the request goes on");
            script.release();
        }
        until(|| script.in_flight() == 0 && Arc::strong_count(&script) == 1).await;
    });
}

#[test]
fn a_new_generation_leaves_no_old_acquisition_behind() {
    everywhere(async |tasks| {
        let script = Arc::new(ScriptedTransport::new().hold_back(issue(1)).answer(issue(2)));
        let (provider, _clock) = provider(Arc::clone(&script), tasks);
        let mut token = Box::pin(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        provider.clear();
        if tasks == Tasks::Parked {
            assert_eq!(script.in_flight(), 0, "no waiter would poll it");
        }
        assert_eq!(token.await.unwrap().expose_secret(), "token-2");
        script.release();
        until(|| script.in_flight() == 0).await;
        drop(provider);
        until(|| Arc::strong_count(&script) == 1).await;
    });
}

#[test]
fn a_parked_acquisition_that_is_superseded_while_it_is_polled_is_dropped_at_once() {
    let own = Arc::<OnceLock<TokenProvider>>::default();
    let alive = Arc::new(AtomicUsize::new(0));
    let (provider_to_clear, reads) = (Arc::clone(&own), Arc::clone(&alive));
    let secret = SecretFn::new(move |_| {
        let (own, reads) = (Arc::clone(&provider_to_clear), Arc::clone(&reads));
        async move {
            if reads.fetch_add(1, Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
                own.get().unwrap().clear();
                std::future::pending::<()>().await;
            }
            SecretResult::Ok(ClientSecret::new("s3cret")?)
        }
    });
    let script = ScriptedTransport::new().answer(issue(1));
    let (provider, _clock) = provider_with(script, Tasks::Parked, secret);
    own.set(provider.clone()).unwrap();
    let mut idle = pin!(provider.token());
    assert!(poll(idle.as_mut()).is_pending());
    assert_eq!(Arc::strong_count(&alive), 3);
    let Poll::Ready(token) = poll(pin!(provider.token())) else { panic!("the caller waits") };
    assert_eq!(token.unwrap().expose_secret(), "token-1");
    assert_eq!(Arc::strong_count(&alive), 2, "only the source is left");
}

#[test]
fn a_time_limit_affects_no_other_caller() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1));
        let (provider, clock) = provider(script.clone(), tasks);
        let limit = Duration::from_secs(5);
        let mut hasty = pin!(provider.token_within(limit));
        let mut patient = pin!(provider.token());
        assert!(poll_once(hasty.as_mut()).await.is_pending());
        assert!(poll_once(patient.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        clock.advance(limit - Duration::from_nanos(1));
        assert!(poll_once(hasty.as_mut()).await.is_pending());
        clock.advance(Duration::from_nanos(1));
        let error = hasty.await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::OutOfTime);
        assert_eq!(error.to_string(), "no token within 5s");
        assert_eq!(script.in_flight(), 1);
        script.release();
        assert_eq!(patient.await.unwrap().expose_secret(), "token-1");
        assert_eq!(provider.token_within(Duration::ZERO).await.unwrap().expose_secret(), "token-1");
        assert_eq!(script.requests().len(), 1);
    });
}

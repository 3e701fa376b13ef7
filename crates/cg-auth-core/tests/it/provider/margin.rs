//! A caller is never left without a token while one is valid.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use cg_auth_core::{
    ClientSecret, IssuedToken, TokenProvider,
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
    token::{SecretFn, SecretResult},
};
use tokio::runtime::{Builder, Handle};

use super::{
    LIFETIME, Tasks, Woken, bounded, client, everywhere, issue, poll, poll_once, poll_with, provider,
    provider_with, until, user,
};
use crate::support::SECRET;

const LEFT: Duration = Duration::from_secs(20);

/// A provider in the margin of its first token, whose next acquisition hangs.
async fn in_the_margin(tasks: Tasks) -> (TokenProvider, ManualClock, ScriptedTransport) {
    at(LIFETIME - LEFT, tasks).await
}

async fn at(age: Duration, tasks: Tasks) -> (TokenProvider, ManualClock, ScriptedTransport) {
    let script = ScriptedTransport::new().answer(issue(1)).hang();
    let (provider, clock) = provider(script.clone(), tasks);
    provider.token().await.unwrap();
    clock.advance(age);
    (provider, clock, script)
}

#[test]
fn a_time_limit_ends_with_the_valid_token() {
    everywhere(async |tasks| {
        let (provider, clock, script) = in_the_margin(tasks).await;
        let limit = Duration::from_secs(2);
        let mut hasty = pin!(provider.token_within(limit));
        assert!(poll_once(hasty.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        clock.advance(limit);
        assert_eq!(hasty.await.unwrap().expose_secret(), "token-1");
        assert_eq!(provider.token_within(Duration::ZERO).await.unwrap().expose_secret(), "token-1");
        assert_eq!(script.in_flight(), 1, "the acquisition goes on");
    });
}

#[test]
fn a_caller_waits_for_half_of_the_rest_of_a_valid_token_at_most() {
    everywhere(async |tasks| {
        let (provider, clock, script) = in_the_margin(tasks).await;
        let mut first = pin!(provider.token());
        assert!(poll_once(first.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        clock.advance(LEFT / 2 - Duration::from_nanos(1));
        assert!(poll_once(first.as_mut()).await.is_pending());
        clock.advance(Duration::from_nanos(1));
        assert_eq!(first.await.unwrap().expose_secret(), "token-1");

        let mut second = pin!(provider.token());
        assert!(poll_once(second.as_mut()).await.is_pending());
        clock.advance(LEFT / 4);
        assert_eq!(second.await.unwrap().expose_secret(), "token-1");

        clock.advance(LEFT / 4);
        let mut third = pin!(provider.token());
        assert!(poll_once(third.as_mut()).await.is_pending(), "the token has expired");
        clock.advance(LEFT);
        assert!(poll_once(third.as_mut()).await.is_pending());
        assert_eq!(script.in_flight(), 1);
    });
}

#[test]
fn a_waiter_in_the_margin_gets_the_new_token_at_once() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance(LIFETIME - LEFT);
        let mut token = pin!(provider.token());
        let woken = Arc::<Woken>::default();
        assert!(poll_with(token.as_mut(), &woken).is_pending());
        until(|| script.in_flight() == 1).await;
        let before = woken.times();
        script.release();
        until(|| woken.times() > before).await;
        assert_eq!(token.await.unwrap().expose_secret(), "token-2");
    });
}

#[test]
fn the_caller_who_polls_an_early_acquisition_waits_for_15_seconds_at_most() {
    everywhere(async |tasks| {
        let (provider, clock, script) = at(LIFETIME - Duration::from_secs(120), tasks).await;
        let mut token = Box::pin(provider.token());
        let polled = poll_once(token.as_mut()).await;
        if tasks == Tasks::Spawned {
            let Poll::Ready(token) = polled else { panic!("the caller waits") };
            assert_eq!(token.unwrap().expose_secret(), "token-1");
            return;
        }
        assert!(polled.is_pending());
        assert_eq!(served_at_once(&provider).unwrap().expose_secret(), "token-1", "no other caller waits");
        clock.advance(Duration::from_secs(15));
        assert_eq!(token.await.unwrap().expose_secret(), "token-1");
        assert_eq!(script.in_flight(), 1);
    });
}

#[test]
fn an_early_acquisition_whose_caller_has_left_goes_on_in_the_background_or_in_the_margin() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance(LIFETIME - Duration::from_secs(120));
        let _ = poll_once(pin!(provider.token())).await;
        until(|| script.in_flight() == 1).await;
        for _ in 0..3 {
            assert_eq!(served_at_once(&provider).unwrap().expose_secret(), "token-1");
        }
        script.release();
        if tasks == Tasks::Spawned {
            until(|| !provider.state().is_acquiring).await;
        } else {
            assert_eq!(served_at_once(&provider).unwrap().expose_secret(), "token-1");
            clock.advance(Duration::from_secs(100));
        }
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
        provider.with_token(|token| assert_eq!(token.expose_secret(), "token-2")).await.unwrap();
        assert!(!provider.state().is_acquiring);
        assert_eq!(script.requests().len(), 2);
    });
}

#[test]
fn a_caller_who_is_served_does_not_poll_a_parked_acquisition() {
    let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
    let is_slow = Arc::new(AtomicBool::new(false));
    let slow = Arc::clone(&is_slow);
    let secret = SecretFn::new(move |_| {
        let slow = Arc::clone(&slow);
        poll_fn(move |_| match slow.load(Ordering::SeqCst) {
            true => Poll::Pending,
            false => Poll::Ready(SecretResult::Ok(ClientSecret::new(SECRET).unwrap())),
        })
    });
    let (provider, clock) = provider_with(script.clone(), Tasks::Parked, secret);
    assert!(served_at_once(&provider).is_some());
    clock.advance(LIFETIME - Duration::from_secs(120));
    is_slow.store(true, Ordering::SeqCst);
    let mut starter = pin!(provider.token());
    assert!(poll(starter.as_mut()).is_pending());
    is_slow.store(false, Ordering::SeqCst);
    for _ in 0..3 {
        // One call a minute asks the session, which serves the valid token.
        clock.advance(Duration::from_secs(25));
        assert_eq!(served_at_once(&provider).unwrap().expose_secret(), "token-1");
    }
    assert_eq!(script.requests().len(), 1);
    let Poll::Ready(Ok(token)) = poll(starter.as_mut()) else { panic!("its waiter does not poll it") };
    assert_eq!(token.expose_secret(), "token-2");
}

/// Has timers inside of tokio only, like `TokioRuntime`. Elsewhere a sleep is ready at once.
#[derive(Debug, Clone, Default)]
struct Timerless(ManualClock);

impl Runtime for Timerless {
    fn now(&self) -> Now {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let sleep = self.0.sleep(duration);
        Box::pin(async move {
            if Handle::try_current().is_ok() {
                sleep.await;
            }
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match Handle::try_current() {
            Ok(handle) => {
                handle.spawn(task);
                Ok(())
            }
            Err(_) => Err(task),
        }
    }
}

#[test]
fn a_caller_without_a_timer_is_served_the_valid_token_at_once() {
    let script = ScriptedTransport::new().answer(issue(1)).hang();
    let runtime = Timerless::default();
    let secret = ClientSecret::new(SECRET).unwrap();
    let provider = TokenProvider::new(client(script.clone(), runtime.clone()), user(), secret);
    let tokio = Builder::new_current_thread().enable_time().build().unwrap();
    tokio.block_on(bounded(async {
        provider.token().await.unwrap();
        runtime.0.advance(LIFETIME - LEFT);
        assert!(poll_once(pin!(provider.token())).await.is_pending());
        until(|| script.in_flight() == 1).await;
    }));
    assert_eq!(served_at_once(&provider).unwrap().expose_secret(), "token-1");
}

fn served_at_once(provider: &TokenProvider) -> Option<IssuedToken> {
    let mut token = pin!(provider.token());
    match poll(Pin::new(&mut token)) {
        Poll::Ready(token) => Some(token.unwrap()),
        Poll::Pending => None,
    }
}

#[test]
fn a_caller_without_a_timer_or_a_token_waits_for_the_outcome() {
    let script = ScriptedTransport::new().hold_back(issue(1));
    let secret = ClientSecret::new(SECRET).unwrap();
    let provider = TokenProvider::new(client(script.clone(), Timerless::default()), user(), secret);
    let tokio = Builder::new_current_thread().enable_time().build().unwrap();
    tokio.block_on(bounded(async {
        provider.prefetch();
        until(|| script.in_flight() == 1).await;
    }));
    let mut token = pin!(provider.token());
    assert!(poll(token.as_mut()).is_pending());
    script.release();
    tokio.block_on(bounded(async { assert!(token.await.is_ok()) }));
}

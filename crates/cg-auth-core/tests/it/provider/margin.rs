//! A caller who could be given a valid token is never left without one.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use cg_auth_core::{
    ClientSecret, IssuedToken, TokenProvider,
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
};
use tokio::runtime::{Builder, Handle};

use super::{
    LIFETIME, Tasks, Woken, bounded, client, everywhere, issue, poll, poll_once, poll_with, provider, until,
    user,
};
use crate::support::SECRET;

const LEFT: Duration = Duration::from_secs(20);

/// In the margin of its first token, with no second one to come.
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
fn a_limit_on_waiting_ends_with_the_token_that_is_valid() {
    everywhere(async |tasks| {
        let (provider, clock, script) = in_the_margin(tasks).await;
        let limit = Duration::from_secs(2);
        let mut hasty = pin!(provider.token_within(limit));
        assert!(poll_once(hasty.as_mut()).await.is_pending());
        until(|| script.under_way() == 1).await;
        clock.advance(limit);
        assert_eq!(hasty.await.unwrap().expose_secret(), "token-1");
        assert_eq!(provider.token_within(Duration::ZERO).await.unwrap().expose_secret(), "token-1");
        assert_eq!(script.under_way(), 1, "the attempt goes on");
    });
}

#[test]
fn half_of_what_is_left_of_a_valid_token_is_waited_for_another_at_most() {
    everywhere(async |tasks| {
        let (provider, clock, script) = in_the_margin(tasks).await;
        let mut first = pin!(provider.token());
        assert!(poll_once(first.as_mut()).await.is_pending());
        until(|| script.under_way() == 1).await;
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
        assert!(poll_once(third.as_mut()).await.is_pending(), "it is expired");
        clock.advance(LEFT);
        assert!(poll_once(third.as_mut()).await.is_pending());
        assert_eq!(script.under_way(), 1);
    });
}

#[test]
fn whoever_waits_in_the_margin_gets_the_new_token_as_soon_as_it_is_there() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance(LIFETIME - LEFT);
        let mut token = pin!(provider.token());
        let woken = Arc::<Woken>::default();
        assert!(poll_with(token.as_mut(), &woken).is_pending());
        until(|| script.under_way() == 1).await;
        let before = woken.times();
        script.release();
        until(|| woken.times() > before).await;
        assert_eq!(token.await.unwrap().expose_secret(), "token-2");
    });
}

#[test]
fn whoever_moves_an_early_attempt_on_does_not_wait_for_long() {
    everywhere(async |tasks| {
        let (provider, clock, script) = at(LIFETIME - Duration::from_secs(120), tasks).await;
        let mut token = Box::pin(provider.token());
        let polled = poll_once(token.as_mut()).await;
        if tasks == Tasks::Spawned {
            let Poll::Ready(token) = polled else { panic!("it waits") };
            assert_eq!(token.unwrap().expose_secret(), "token-1");
            return;
        }
        assert!(polled.is_pending());
        assert_eq!(served_at_once(&provider).unwrap().expose_secret(), "token-1", "nobody else waits");
        clock.advance(Duration::from_secs(15));
        assert_eq!(token.await.unwrap().expose_secret(), "token-1");
        assert_eq!(script.under_way(), 1);
    });
}

#[test]
fn an_early_attempt_whose_caller_has_left_is_moved_on_by_everybody_who_passes_by() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance(LIFETIME - Duration::from_secs(120));
        let _ = poll_once(pin!(provider.token())).await;
        until(|| script.under_way() == 1).await;
        for _ in 0..3 {
            assert_eq!(served_at_once(&provider).unwrap().expose_secret(), "token-1");
        }
        script.release();
        if tasks == Tasks::Spawned {
            until(|| !provider.state().is_acquiring).await;
        }
        provider.with_token(|token| assert_eq!(token.expose_secret(), "token-2")).await.unwrap();
        assert_eq!(served_at_once(&provider).unwrap().expose_secret(), "token-2");
        assert!(!provider.state().is_acquiring);
        assert_eq!(script.requests().len(), 2);
    });
}

#[test]
fn a_passer_by_of_another_executor_leaves_an_early_attempt_alone() {
    let one = Builder::new_current_thread().enable_time().build().unwrap();
    let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2));
    let (provider, clock) = provider(script.clone(), Tasks::Parked);
    one.block_on(bounded(async {
        provider.token().await.unwrap();
        clock.advance(LIFETIME - Duration::from_secs(120));
        assert!(poll_once(pin!(provider.token())).await.is_pending());
    }));
    assert_eq!(served_at_once(&provider).unwrap().expose_secret(), "token-1");
    assert_eq!(script.under_way(), 1);
    script.release();
    assert_eq!(one.block_on(bounded(provider.token())).unwrap().expose_secret(), "token-2");
}

/// Has timers inside of tokio only, as tokio itself.
#[derive(Debug, Clone, Default)]
struct Timerless(ManualClock);

impl Runtime for Timerless {
    fn now(&self) -> Now {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let sleep = self.0.sleep(duration);
        Box::pin(async move {
            assert!(Handle::try_current().is_ok(), "on purpose");
            sleep.await;
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Handle::try_current().map(|handle| drop(handle.spawn(task))).map_err(|_| unreachable!())
    }
}

#[test]
fn a_caller_without_timers_is_given_the_valid_token_at_once() {
    let script = ScriptedTransport::new().answer(issue(1)).hang();
    let runtime = Timerless::default();
    let secret = ClientSecret::new(SECRET).unwrap();
    let provider = TokenProvider::new(client(script.clone(), runtime.clone()), user(), secret);
    let tokio = Builder::new_current_thread().enable_time().build().unwrap();
    tokio.block_on(bounded(async {
        provider.token().await.unwrap();
        runtime.0.advance(LIFETIME - LEFT);
        assert!(poll_once(pin!(provider.token())).await.is_pending());
        until(|| script.under_way() == 1).await;
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

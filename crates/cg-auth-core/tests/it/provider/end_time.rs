//! Acquisitions whose runtime stands still, or that are superseded.

use std::{pin::pin, task::Poll, time::Duration};

use cg_auth_core::{
    AuthClient, ClientSecret, TokenProvider,
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
};
use tokio::runtime::{Builder, Runtime as Tokio};

use super::{
    LIFETIME, Tasks, asked, bounded, client, events::names, everywhere, issue, poll, poll_once, provider,
    until, user,
};
use crate::support::{SECRET, header_text};

/// Three times the limit on a call.
const END: Duration = AuthClient::DEFAULT_TIMEOUT.saturating_mul(3);

fn tokio() -> Tokio {
    Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn a_runtime_that_is_not_driven_delays_waiters_until_the_end_time_at_most() {
    let script = ScriptedTransport::new().hang().answer(issue(2));
    let (provider, clock) = provider(script.clone(), Tasks::Spawned);
    let seen = names(&provider);
    let (idle, driven) = (tokio(), tokio());
    idle.block_on(async {
        provider.prefetch();
        until(|| script.in_flight() == 1).await;
    });
    driven.block_on(bounded(async {
        let mut token = pin!(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        clock.advance(END - Duration::from_nanos(1));
        assert!(poll_once(token.as_mut()).await.is_pending());
        clock.advance(Duration::from_nanos(1));
        assert_eq!(token.await.unwrap().expose_secret(), "token-2");
    }));
    assert_eq!(script.in_flight(), 0, "the old request is cancelled");
    assert_eq!(*seen.lock().unwrap(), ["acquisition_abandoned", "token_acquired"]);
}

#[test]
fn a_task_that_was_never_run_delays_no_caller_beyond_the_end_time() {
    let script = ScriptedTransport::new().answer(issue(1));
    let (provider, clock) = provider(script.clone(), Tasks::Spawned);
    let idle = tokio();
    let entered = idle.enter();
    provider.prefetch();
    drop(entered);
    let mut early = pin!(provider.token());
    assert!(poll(early.as_mut()).is_pending());
    clock.advance(END);
    // The next caller looks first, and no waiter is left behind.
    assert!(poll(pin!(provider.token())).is_ready());
    assert!(poll(early.as_mut()).is_ready());
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_refresh_whose_end_time_has_passed_is_dropped_and_the_credential_used() {
    let script = ScriptedTransport::new().answer(issue(1)).hang().answer(issue(2));
    let (provider, clock) = provider(script.clone(), Tasks::Spawned);
    let (idle, driven) = (tokio(), tokio());
    idle.block_on(async {
        provider.token().await.unwrap();
        clock.advance(LIFETIME - Duration::from_secs(60));
        assert!(provider.token().await.is_ok(), "a caller in the early phase is served");
        until(|| script.in_flight() == 1).await;
    });
    clock.advance(END);
    driven.block_on(bounded(async {
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
    }));
    assert_eq!(asked(&script), ["credential", "refresh", "credential"]);
}

#[test]
fn a_shutdown_waits_for_a_lost_acquisition_until_its_end_time_at_most() {
    let script = ScriptedTransport::new().hang();
    let (provider, clock) = provider(script.clone(), Tasks::Spawned);
    let (idle, driven) = (tokio(), tokio());
    idle.block_on(async {
        provider.prefetch();
        until(|| script.in_flight() == 1).await;
    });
    driven.block_on(bounded(async {
        let mut ended = pin!(provider.shutdown());
        assert!(poll_once(ended.as_mut()).await.is_pending());
        clock.advance(END);
        assert!(ended.await.is_none());
    }));
    assert_eq!(script.in_flight(), 0);
}

/// Takes every task and runs none.
#[derive(Debug, Clone, Default)]
struct Losing(ManualClock);

impl Runtime for Losing {
    fn now(&self) -> Now {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        std::mem::forget(task);
        Ok(())
    }
}

#[test]
fn a_caller_whose_task_is_lost_polls_the_next_acquisition_itself() {
    let script = ScriptedTransport::new().answer(issue(1));
    let runtime = Losing::default();
    let secret = ClientSecret::new(SECRET).unwrap();
    let provider = TokenProvider::new(client(script, runtime.clone()), user(), secret);
    let mut token = pin!(provider.token());
    assert!(poll(token.as_mut()).is_pending());
    runtime.0.advance(END);
    let Poll::Ready(token) = poll(token.as_mut()) else { panic!("the caller waits on") };
    assert_eq!(token.unwrap().expose_secret(), "token-1");
}

#[test]
fn a_superseded_acquisition_is_cancelled() {
    everywhere(async |tasks| {
        let script = (0..200).fold(ScriptedTransport::new(), |script, _| script.hang()).answer(issue(1));
        let (provider, _clock) = provider(script.clone(), tasks);
        let mut token = pin!(provider.token());
        for number in 1..=200 {
            assert!(poll_once(token.as_mut()).await.is_pending());
            until(|| script.requests().len() == number).await;
            assert_eq!(script.in_flight(), 1, "{number}");
            match number % 2 {
                0 => provider.clear(),
                _ => provider.replace_secret(ClientSecret::new(SECRET).unwrap()),
            }
            // At once, or at the end of the poll that a thread is in now.
            until(|| script.in_flight() == 0).await;
        }
        assert_eq!(token.await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn a_superseded_refresh_in_a_background_task_goes_on() {
    tokio().block_on(bounded(async {
        let script =
            ScriptedTransport::new().answer(issue(1)).hold_back(issue(2)).answer(issue(3)).answer(issue(4));
        let (provider, clock) = provider(script.clone(), Tasks::Spawned);
        provider.token().await.unwrap();
        clock.advance(LIFETIME);
        let mut token = pin!(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        provider.replace_secret(ClientSecret::new(SECRET).unwrap());
        assert_eq!(script.in_flight(), 1, "the service may have taken the refresh token");
        assert_eq!(token.await.unwrap().expose_secret(), "token-3");
        script.release();
        until(|| script.in_flight() == 0).await;
        assert_eq!(provider.peek().unwrap().expose_secret(), "token-3");
        clock.advance(LIFETIME);
        provider.token().await.unwrap();
        assert_eq!(asked(&script), ["credential", "refresh", "credential", "refresh"]);
        let last = script.requests().remove(3);
        assert_eq!(header_text(last.headers(), "refresh_token"), Some("refresh-3"));
    }));
}

#[test]
fn the_refresh_token_of_a_superseded_refresh_is_not_kept() {
    for end in [TokenProvider::clear, |provider: &TokenProvider| {
        provider.replace_secret(ClientSecret::new("another-s3cret").unwrap());
    }] {
        tokio().block_on(bounded(async {
            let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2)).answer(issue(3));
            let (provider, clock) = provider(script.clone(), Tasks::Spawned);
            provider.token().await.unwrap();
            clock.advance(LIFETIME - Duration::from_secs(60));
            provider.prefetch();
            until(|| script.in_flight() == 1).await;
            end(&provider);
            script.release();
            until(|| script.in_flight() == 0).await;
            assert!(!provider.state().has_refresh_token);
            clock.advance(LIFETIME);
            assert_eq!(provider.token().await.unwrap().expose_secret(), "token-3");
            assert_eq!(asked(&script), ["credential", "refresh", "credential"]);
        }));
    }
}

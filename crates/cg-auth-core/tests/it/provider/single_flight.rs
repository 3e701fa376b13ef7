//! Single flight: many callers cause one acquisition.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use cg_auth_core::{IssuedToken, TokenError, TokenErrorKind, TokenProvider, testing::ScriptedTransport};
use tokio::task::JoinSet;

use super::{BACK_OFF, LIFETIME, Tasks, everywhere, issue, outage, poll, poll_once, provider, until};

const MANY: usize = 10_000;

/// The results of many callers who all wait at the same time.
async fn herd(provider: &TokenProvider, script: &ScriptedTransport) -> Vec<Result<IssuedToken, TokenError>> {
    let waiting = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..MANY {
        let (provider, waiting) = (provider.clone(), Arc::clone(&waiting));
        callers.spawn(async move {
            let mut token = pin!(provider.token());
            assert!(poll_once(token.as_mut()).await.is_pending());
            waiting.fetch_add(1, Ordering::SeqCst);
            token.await
        });
    }
    until(|| waiting.load(Ordering::SeqCst) == MANY && script.in_flight() == 1).await;
    script.release();
    callers.join_all().await
}

#[test]
fn many_callers_without_a_token_cause_one_acquisition_and_get_its_token() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1));
        let (provider, _clock) = provider(script.clone(), tasks);
        let tokens = herd(&provider, &script).await;
        let first = provider.peek().unwrap();
        assert_eq!(tokens.len(), MANY);
        assert!(tokens.iter().all(|token| token.as_ref().unwrap().is_same_issue(&first)));
        assert_eq!(script.requests().len(), 1);
    });
}

#[test]
fn many_callers_with_an_expired_token_cause_one_acquisition_and_get_its_token() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
        clock.advance(LIFETIME);
        assert!(provider.peek().is_none());
        let tokens = herd(&provider, &script).await;
        assert!(tokens.iter().all(|token| token.as_ref().unwrap().expose_secret() == "token-2"));
        assert_eq!(script.requests().len(), 2);
    });
}

#[test]
fn one_failure_reaches_every_waiter_and_every_caller_during_the_back_off() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(outage()).answer(issue(1));
        let (provider, clock) = provider(script.clone(), tasks);
        for error in herd(&provider, &script).await.into_iter().map(Result::unwrap_err) {
            assert_eq!(error.kind(), TokenErrorKind::Call);
            assert_eq!(error.as_call().unwrap().status(), Some(http::StatusCode::SERVICE_UNAVAILABLE));
        }
        let first = provider.token().await.unwrap_err().retry_after().unwrap();
        assert!((Duration::from_millis(500)..=Duration::from_secs(1)).contains(&first), "{first:?}");
        let nearly = first - Duration::from_nanos(1);
        clock.advance(nearly);
        let late = provider.token().await.unwrap_err();
        assert_eq!(late.retry_after(), Some(Duration::from_nanos(1)));
        assert_eq!(script.requests().len(), 1);

        clock.advance(Duration::from_nanos(1));
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
        assert_eq!(script.requests().len(), 2);
    });
}

#[test]
fn a_waiter_who_is_polled_late_gets_the_failure_that_it_has_waited_for() {
    let script = ScriptedTransport::new().hold_back(outage()).answer(issue(1));
    let (provider, clock) = provider(script.clone(), Tasks::Parked);
    let (mut first, mut late) = (pin!(provider.token()), pin!(provider.token()));
    assert!(poll(first.as_mut()).is_pending() && poll(late.as_mut()).is_pending());
    script.release();
    assert!(poll(first).is_ready());
    clock.advance(BACK_OFF);
    let Poll::Ready(Err(error)) = poll(late) else { panic!("the failure was lost") };
    assert_eq!(error.kind(), TokenErrorKind::Call);
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_failure_in_the_margin_serves_every_waiter_the_old_token() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(outage()).answer(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance(LIFETIME - Duration::from_secs(20));
        let tokens = herd(&provider, &script).await;
        assert!(tokens.iter().all(|token| token.as_ref().unwrap().expose_secret() == "token-1"));
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1", "during the back-off");
        assert_eq!(script.requests().len(), 2);
        clock.advance(BACK_OFF);
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
    });
}

#[test]
fn no_caller_waits_for_a_renewal_in_the_background_and_one_waits_for_a_parked_renewal() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance(LIFETIME - Duration::from_secs(60));
        let mut first = pin!(provider.token());
        match (tasks, poll_once(first.as_mut()).await) {
            (Tasks::Spawned, Poll::Ready(token)) => {
                assert_eq!(token.unwrap().expose_secret(), "token-1");
            }
            (Tasks::Parked, Poll::Pending) => {}
            (_, other) => panic!("{other:?}"),
        }
        for _ in 0..3 {
            assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
        }
        until(|| script.in_flight() == 1).await;
        script.release();
        if tasks == Tasks::Parked {
            assert_eq!(first.await.unwrap().expose_secret(), "token-2");
        }
        until(|| provider.peek().unwrap().expose_secret() == "token-2").await;
        assert_eq!(script.requests().len(), 2);
    });
}

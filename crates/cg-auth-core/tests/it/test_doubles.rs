//! The token source and the errors of `testing`, as the tests of an adapter use them.

use std::{
    error::Error,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, SystemTime},
};

use cg_auth_core::{
    CallError, CallErrorKind, IssuedToken, Recovery, TokenError, TokenErrorKind, TokenSource,
    model::AccessToken,
    testing::{ManualClock, ScriptedTokenSource},
    time::Runtime,
    token::{Expiry, TokenFuture},
    transport::TransportError,
};
use http::StatusCode;

use super::support::{SUCCESS, debug, poll, response, shown};

fn now(mut future: TokenFuture<'_>) -> Result<String, TokenError> {
    match poll(pin!(&mut future)) {
        Poll::Ready(result) => result.map(|token| token.expose_secret().to_owned()),
        Poll::Pending => panic!("the source makes this caller wait"),
    }
}

#[test]
fn a_script_moves_on_when_the_current_token_is_invalidated_or_expires() {
    let source = ScriptedTokenSource::new().issue("one").issue("one").issue("three");
    let first = source.peek();
    assert!(first.is_none(), "a token before the first call");
    assert_eq!(now(source.token()).unwrap(), "one");
    let first = source.peek().unwrap();
    assert!(source.invalidate(&first));
    assert!(source.peek().is_none());
    assert_eq!(now(source.token()).unwrap(), "one");
    let second = source.peek().unwrap();
    assert!(!second.is_same_issue(&first), "the same text, issued again");
    assert!(!source.invalidate(&first), "an old token");
    assert!(source.peek().unwrap().is_same_issue(&second));
    source.expire();
    assert_eq!(now(source.token()).unwrap(), "three");

    let reported = source.invalidated();
    assert_eq!(reported.len(), 2);
    assert!(reported.iter().all(|token| token.is_same_issue(&first)));
    assert_eq!((source.calls(), source.acquisitions()), (3, 3));
}

#[test]
fn a_call_after_the_last_step_fails_and_says_why() {
    let source = ScriptedTokenSource::new().issue("one");
    let token = now(source.token()).map(|_| source.peek().unwrap()).unwrap();
    source.invalidate(&token);
    for _ in 0..2 {
        let error = now(source.token()).unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::Other);
        assert!(shown(&error).contains("the script of this token source has ended"));
    }
    assert_eq!((source.calls(), source.acquisitions()), (3, 1));
}

#[test]
fn a_fixed_source_keeps_its_token_and_records_reports() {
    let source = ScriptedTokenSource::fixed("eyJ");
    let token = source.peek().unwrap();
    assert!(!source.invalidate(&token));
    source.expire();
    assert_eq!(now(source.token()).unwrap(), "eyJ");
    assert!(source.peek().unwrap().is_same_issue(&token));
    assert_eq!((source.calls(), source.invalidated().len()), (1, 1));
}

#[test]
fn a_failing_source_fails_always_and_after_its_steps() {
    let failing = || ScriptedTokenSource::failing(TokenError::of_kind(TokenErrorKind::ShutDown));
    for _ in 0..3 {
        assert_eq!(now(failing().token()).unwrap_err().kind(), TokenErrorKind::ShutDown);
    }
    assert!(failing().peek().is_none());
    let source = failing().issue("one");
    assert_eq!(now(source.token()).unwrap(), "one");
    source.expire();
    assert_eq!(now(source.token()).unwrap_err().kind(), TokenErrorKind::ShutDown);
}

#[test]
fn a_failure_takes_one_step_and_leaves_no_token() {
    let source =
        ScriptedTokenSource::new().issue("one").fail(TokenError::of_kind(TokenErrorKind::Lost)).issue("two");
    assert_eq!(now(source.token()).unwrap(), "one");
    source.expire();
    assert_eq!(now(source.token()).unwrap_err().kind(), TokenErrorKind::Lost);
    assert!(source.peek().is_none());
    assert_eq!(now(source.token()).unwrap(), "two");
}

#[test]
fn callers_of_a_step_that_is_held_back_share_its_result() {
    for fails in [false, true] {
        let source = ScriptedTokenSource::new().hold_back();
        let source = match fails {
            false => source.issue("one").issue("two"),
            true => source.fail(TokenError::of_kind(TokenErrorKind::Call)).issue("two"),
        };
        let (mut first, mut second) = (pin!(source.token()), pin!(source.token()));
        for _ in 0..2 {
            assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
        }
        assert_eq!((source.waiting(), source.acquisitions()), (2, 0));
        assert!(source.peek().is_none());
        source.release();
        for caller in [first.as_mut(), second.as_mut()] {
            let Poll::Ready(result) = poll(caller) else { panic!("the step was released") };
            assert_eq!(result.is_err(), fails);
        }
        assert_eq!((source.waiting(), source.acquisitions(), source.calls()), (0, 1, 2));
    }
}

#[test]
fn a_release_wakes_every_caller_and_may_come_first() {
    let source = ScriptedTokenSource::fixed("eyJ").hold_back().issue("one").hold_back();
    source.release();
    assert_eq!(now(source.token()).unwrap(), "one");
    source.expire();
    assert!(source.peek().is_none(), "the end of the script is held back too");
    let woken = Arc::new(CountingWaker::default());
    let waker = Waker::from(woken.clone());
    let mut callers = [Box::pin(source.token()), Box::pin(source.token())];
    for caller in &mut callers {
        assert!(caller.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    source.release();
    assert_eq!(woken.0.load(Ordering::Relaxed), 2);
    for mut caller in callers {
        let Poll::Ready(Ok(token)) = poll(caller.as_mut()) else { panic!("the end was released") };
        assert_eq!(token.expose_secret(), "eyJ");
    }
}

#[derive(Default)]
struct CountingWaker(AtomicUsize);

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_dropped_caller_waits_no_more_and_takes_no_step() {
    let source = ScriptedTokenSource::new().hold_back().issue("one");
    let mut caller = Box::pin(source.token());
    assert!(poll(caller.as_mut()).is_pending());
    assert_eq!(source.waiting(), 1);
    drop(caller);
    assert_eq!((source.waiting(), source.acquisitions()), (0, 0));
    source.release();
    assert_eq!(now(source.token()).unwrap(), "one");
}

#[test]
fn a_token_of_the_test_keeps_its_expiry() {
    let clock = ManualClock::new();
    let expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_460_000);
    let expiry = Expiry::until(expires_at, clock.now());
    let token = IssuedToken::new(&AccessToken::new("eyJ").unwrap(), expiry);
    let source = ScriptedTokenSource::new().hand_out(token.clone());
    assert_eq!(now(source.token()).unwrap(), "eyJ");
    let handed_out = source.peek().unwrap();
    assert!(handed_out.is_same_issue(&token));
    assert_eq!(handed_out.expiry().expires_at(), Some(expires_at));
}

#[test]
fn a_source_shows_numbers_and_no_token() {
    let source = ScriptedTokenSource::fixed("canary-1").issue("canary-2");
    now(source.token()).unwrap();
    let shown = debug(&source) + &debug(&source.token());
    assert!(!shown.contains("canary") && shown.contains("steps_left: 0"), "{shown}");
}

#[test]
fn an_error_of_every_kind_shows_its_kind_recovery_and_cause() {
    use Recovery::{FixConfiguration, Retry};
    for (kind, text, recovery, cause) in [
        (TokenErrorKind::Call, "cannot reach the service", Retry, Some("connection refused")),
        (
            TokenErrorKind::Secret,
            "cannot read the client secret",
            FixConfiguration,
            Some("the fake has no secret"),
        ),
        (
            TokenErrorKind::ExpiredOnArrival,
            "the service issued a token that had already expired",
            Retry,
            None,
        ),
        (TokenErrorKind::Lost, "the token acquisition ended in a panic", Retry, None),
        (TokenErrorKind::ShutDown, "the token provider has been shut down", FixConfiguration, None),
        (TokenErrorKind::OutOfTime, "no token within 1s", Retry, None),
        (TokenErrorKind::Other, "the token source has no token", Retry, Some("the fake has no token")),
    ] {
        let error = TokenError::of_kind(kind);
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
        assert_eq!((error.recovery(), error.is_retryable()), (recovery, recovery == Retry), "{kind}");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), cause, "{kind}");
        assert_eq!(error.as_call().is_some(), kind == TokenErrorKind::Call);
        assert_eq!(error.retry_after(), None);
        let later = Duration::from_secs(7);
        assert_eq!(error.with_retry_after(later).retry_after(), Some(later));
    }
    assert_eq!(TokenError::out_of_time(Duration::from_millis(20)).to_string(), "no token within 20ms");
}

#[test]
fn an_error_of_an_answer_is_the_one_that_a_client_makes() {
    use CallErrorKind::{Api, Protocol, Rejected};
    use Recovery::{FixConfiguration, ReplaceCredential, Retry};
    let refused = r#"{"value":null,"isSuccess":false,"errorMsg":"no such user"}"#;
    for (status, body, kind, recovery, messages) in [
        (
            401,
            r#"{"code":"X","message":["secret expired"]}"#,
            Api,
            ReplaceCredential,
            &["secret expired"][..],
        ),
        (403, "<html>firewall</html>", Api, FixConfiguration, &[]),
        (503, "", Api, Retry, &[]),
        (404, "", Api, FixConfiguration, &[]),
        (302, "", Protocol, FixConfiguration, &[]),
        (200, "no JSON", Protocol, FixConfiguration, &[]),
        (200, refused, Rejected, ReplaceCredential, &["no such user"]),
    ] {
        let error = CallError::of_answer(response(status, &[("retry-after", "20")], body));
        assert_eq!((error.kind(), error.recovery()), (kind, recovery), "{status} {body}");
        assert_eq!(error.status(), StatusCode::from_u16(status).ok());
        assert_eq!(error.messages(), messages);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(20)));
        assert_eq!((error.attempts(), error.may_have_been_sent()), (1, true));
        let error = TokenError::from(error);
        assert_eq!((error.kind(), error.recovery()), (TokenErrorKind::Call, recovery));
        assert_eq!(error.as_call().unwrap().status().unwrap().as_u16(), status);
    }
}

#[test]
fn an_error_without_an_answer_knows_whether_the_request_was_sent() {
    let late = CallError::timed_out(Duration::from_secs(3));
    assert_eq!(
        (late.kind(), late.to_string().as_str()),
        (CallErrorKind::Timeout, "no complete answer within 3s")
    );
    assert!(late.may_have_been_sent() && late.is_retryable());
    let refused = CallError::from(TransportError::refused_certificate("unknown issuer"));
    assert_eq!((refused.kind(), refused.recovery()), (CallErrorKind::Transport, Recovery::FixConfiguration));
    assert!(!refused.may_have_been_sent());
}

#[test]
#[should_panic(expected = "the answer holds a token")]
fn an_answer_with_a_token_makes_no_error() {
    let _ = CallError::of_answer(response(200, &[], SUCCESS));
}

#[test]
#[should_panic(expected = "one that a header can carry")]
fn a_fake_token_that_no_header_can_carry_is_refused() {
    let _ = ScriptedTokenSource::fixed("two\nlines");
}

//! Calls of an `AuthClient` with a single attempt, over a scripted transport and a manual clock.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use cg_auth_core::{
    AuthClient, CallError, CallErrorKind, Recovery, RetryPolicy,
    body::Body,
    endpoint::Endpoint,
    model::RefreshToken,
    testing::{ManualClock, ScriptedTransport},
    time::Runtime,
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response};

use crate::support::{SUCCESS, base, credential, delegate, delete, header_text, poll, refresh, response};

const LIMIT: Duration = Duration::from_secs(100);

fn client(transport: impl HttpTransport + 'static) -> (AuthClient, ManualClock) {
    let clock = ManualClock::new();
    let client = AuthClient::with_runtime(base(), transport, clock.clone());
    (client.with_retry_policy(RetryPolicy::none()), clock)
}

/// The result of a future that is ready at the first poll.
fn now<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a scripted call does not wait"),
    }
}

/// Answers at the second poll, and records whether the exchange was dropped.
#[derive(Debug, Default, Clone)]
struct AtSecondPoll {
    polls: Arc<AtomicUsize>,
    dropped: Arc<AtomicBool>,
}

#[async_trait]
impl HttpTransport for AtSecondPoll {
    async fn send(&self, _: Request<Body>) -> Result<Response<Body>, TransportError> {
        struct RecordDrop(Arc<AtomicBool>);
        impl Drop for RecordDrop {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let _record = RecordDrop(Arc::clone(&self.dropped));
        poll_fn(|_| match self.polls.fetch_add(1, Ordering::Relaxed) {
            0 => Poll::Pending,
            _ => Poll::Ready(Ok(response(200, &[], SUCCESS))),
        })
        .await
    }
}

#[test]
fn a_call_times_out_exactly_at_its_deadline() {
    let (client, clock) = client(ScriptedTransport::new().hang());
    assert_eq!(AuthClient::DEFAULT_TIMEOUT, LIMIT);
    let endpoint = delegate();
    let mut call = pin!(client.call(&endpoint));
    assert!(poll(call.as_mut()).is_pending());
    clock.advance(LIMIT - Duration::from_nanos(1));
    assert!(poll(call.as_mut()).is_pending());
    clock.advance(Duration::from_nanos(1));
    let Poll::Ready(Err(error)) = poll(call.as_mut()) else { panic!("no timeout at the limit") };
    assert_eq!((error.kind(), error.attempts()), (CallErrorKind::Timeout, 1));
    assert_eq!((error.recovery(), error.is_retryable()), (Recovery::Retry, true));
    assert!(error.may_have_been_sent());
    assert!(error.status().is_none() && error.retry_after().is_none() && error.as_transport().is_none());
    assert_eq!(error.to_string(), "no complete answer within 100s");
}

#[test]
fn the_deadline_can_be_set() {
    let (client, clock) = client(ScriptedTransport::new().hang().hang());
    let endpoint = delegate();
    let short = client.clone().with_timeout(Duration::from_millis(250));
    let (mut short, mut long) = (pin!(short.call(&endpoint)), pin!(client.call(&endpoint)));
    assert!(poll(short.as_mut()).is_pending() && poll(long.as_mut()).is_pending());
    clock.advance(Duration::from_millis(250));
    assert!(poll(short.as_mut()).is_ready());
    assert!(poll(long.as_mut()).is_pending(), "a clone does not share a deadline that was set on the other");
    let endless = client.clone().with_timeout(Duration::MAX);
    assert!(now(endless.call(&endpoint)).is_err(), "the script has ended without an overflow");
}

#[test]
fn an_answer_that_arrives_with_the_deadline_is_returned() {
    let (client, clock) = client(AtSecondPoll::default());
    let endpoint = delegate();
    let mut call = pin!(client.call(&endpoint));
    assert!(poll(call.as_mut()).is_pending());
    clock.advance(2 * LIMIT);
    let Poll::Ready(Ok(answer)) = poll(call.as_mut()) else { panic!("the answer was lost") };
    assert_eq!(answer.value.access_token().expose_secret(), "acc3ss");
}

#[test]
fn a_deadline_of_zero_accepts_an_answer_that_is_ready_at_once() {
    let (client, _) = client(ScriptedTransport::new().answer(response(200, &[], SUCCESS)).hang());
    let client = client.with_timeout(Duration::ZERO);
    assert!(now(client.call(&delegate())).is_ok());
    assert_eq!(now(client.call(&delegate())).unwrap_err().kind(), CallErrorKind::Timeout);
}

#[test]
fn dropping_a_call_drops_the_exchange() {
    let transport = AtSecondPoll::default();
    let (client, _) = client(transport.clone());
    let endpoint = delegate();
    let mut call = Box::pin(client.call(&endpoint));
    assert!(poll(call.as_mut()).is_pending());
    assert!(!transport.dropped.load(Ordering::Relaxed));
    drop(call);
    assert!(transport.dropped.load(Ordering::Relaxed));
    assert!(now(client.call(&endpoint)).is_ok(), "the client stays usable");
}

#[test]
fn sent_is_the_time_before_the_request_on_both_clocks() {
    let (client, clock) = client(AtSecondPoll::default());
    clock.advance(Duration::from_secs(7));
    let before = clock.now();
    let endpoint = delegate();
    let mut call = pin!(client.call(&endpoint));
    assert!(poll(call.as_mut()).is_pending());
    clock.advance(Duration::from_secs(30));
    clock.set_wall(SystemTime::UNIX_EPOCH);
    let Poll::Ready(Ok(answer)) = poll(call.as_mut()) else { panic!("no answer") };
    assert_eq!(answer.sent, Some(before));
}

#[test]
fn a_call_sends_the_request_of_its_endpoint() {
    let transport =
        (0..5).fold(ScriptedTransport::new(), |script, _| script.answer(response(200, &[], SUCCESS)));
    let (client, _) = client(transport.clone());
    now(client.get_delegate_access_token(&credential())).unwrap();
    let token = RefreshToken::new(crate::support::SENT_REFRESH_TOKEN).unwrap();
    now(client.refresh_user_access_token(&credential(), &token)).unwrap();
    now(client.delete_token_cache(&credential())).unwrap();
    let endpoint: &dyn Endpoint<Output = ()> = &delete();
    now(client.call(endpoint)).unwrap();

    let options = cg_auth_core::endpoint::RequestOptions::new();
    let expected = [
        delegate().to_request(&base(), &options),
        refresh().to_request(&base(), &options),
        delete().to_request(&base(), &options),
        delete().to_request(&base(), &options),
    ];
    let sent = transport.requests();
    assert_eq!(sent.len(), expected.len());
    for (sent, expected) in sent.iter().zip(expected.map(Result::unwrap)) {
        assert_eq!((sent.method(), sent.uri()), (expected.method(), expected.uri()));
        assert_eq!((sent.headers(), sent.body()), (expected.headers(), expected.body()));
    }
}

#[test]
fn attempts_count_the_requests_passed_to_the_transport() {
    let script = ScriptedTransport::new()
        .answer(response(503, &[("retry-after", "9")], ""))
        .answer(response(200, &[], r#"{"isSuccess":false,"errorMsg":"no"}"#))
        .answer(response(302, &[], ""))
        .fail(TransportError::connect("refused"))
        .fail(TransportError::closed("reset"));
    let (client, _) = client(script);
    for (kind, may_have_been_sent) in [
        (CallErrorKind::Api, true),
        (CallErrorKind::Rejected, true),
        (CallErrorKind::Protocol, true),
        (CallErrorKind::Transport, false),
        (CallErrorKind::Transport, true),
        (CallErrorKind::Config, false),
    ] {
        let error = now(client.call(&delegate())).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, 1));
        assert_eq!(error.may_have_been_sent(), may_have_been_sent, "{kind:?}");
    }

    let long = cg_auth_core::BaseUrl::parse(&format!("https://example.com/{}", "x".repeat(65_514))).unwrap();
    let transport = ScriptedTransport::new();
    let client = AuthClient::with_runtime(long, transport.clone(), ManualClock::new());
    let error = now(client.call(&delegate())).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (CallErrorKind::Config, 0));
    assert!(!error.may_have_been_sent() && transport.requests().is_empty());
    assert_eq!(error.recovery(), Recovery::FixConfiguration);
}

#[test]
fn without_a_date_header_a_retry_after_date_counts_from_the_arrival() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_090);
    let headers = [("retry-after", &*httpdate::fmt_http_date(at))];
    let (client, clock) = client(ScriptedTransport::new().answer(response(503, &headers, "")));
    clock.advance(Duration::from_secs(30));
    let error = now(client.call(&delegate())).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    let unreceived = delegate().read(response(503, &headers, "")).unwrap_err();
    assert_eq!(CallError::from(unreceived).retry_after(), None);
}

#[test]
fn a_clone_shares_the_transport_and_the_base_url() {
    let transport = ScriptedTransport::new().answer(response(204, &[], "")).answer(response(204, &[], ""));
    let (client, _) = client(Arc::new(Box::new(transport.clone()) as Box<dyn HttpTransport>));
    now(client.clone().delete_token_cache(&credential())).unwrap();
    now(client.delete_token_cache(&credential())).unwrap();
    assert_eq!(transport.requests().len(), 2);
    assert_eq!(client.clone().base_url(), client.base_url());
    assert_eq!(header_text(transport.requests()[0].headers(), "clientsecret"), Some(crate::support::SECRET));
}

#[test]
fn the_error_of_a_call_gives_the_parts_of_the_answer() {
    let headers = [("server", "gate"), ("retry-after", "7")];
    let body = r#"{"code":"c-1","message":["one","two"],"requestId":"id-1"}"#;
    let script = ScriptedTransport::new()
        .answer(response(503, &headers, body))
        .fail(TransportError::connect("refused"));
    let (client, _) = client(script);
    let error = now(client.call(&delegate())).unwrap_err();
    assert_eq!(error.status(), Some(http::StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!((error.code(), error.request_id()), (Some("c-1"), Some("id-1")));
    assert_eq!(error.messages(), ["one", "two"]);
    assert_eq!(header_text(error.headers().unwrap(), "server"), Some("gate"));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));

    let error = now(client.call(&delegate())).unwrap_err();
    assert_eq!((error.status(), error.code(), error.request_id()), (None, None, None));
    assert!(error.messages().is_empty() && error.headers().is_none() && error.retry_after().is_none());
}

//! Retries of a call: which failures are retried, when, and how often.

mod budget;
mod deadlines;
mod policy;

use std::{
    fmt,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use cg_auth_core::{
    ApiCredential, AuthClient, CallError,
    body::{Body, BodyCollector},
    endpoint::{Endpoint, EndpointError},
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
    transport::TransportError,
};
use http::Method;

use crate::support::{SUCCESS, base, credential, delegate, delete, poll, refresh, response};

/// Runs the call to its end and moves the clock in small steps. Returns the result and how long it took.
fn play<E: Endpoint>(
    client: &AuthClient,
    clock: &ManualClock,
    endpoint: &E,
) -> (Result<E::Output, CallError>, Duration) {
    const STEP: Duration = Duration::from_millis(10);
    let begun = clock.now();
    let mut call = pin!(client.call(endpoint));
    loop {
        if let Poll::Ready(result) = poll(call.as_mut()) {
            return (result.map(|answer| answer.value), clock.now().saturating_since(begun));
        }
        clock.advance(STEP);
    }
}

fn client(transport: &ScriptedTransport) -> (AuthClient, ManualClock) {
    let clock = ManualClock::new();
    (AuthClient::with_runtime(base(), transport.clone(), clock.clone()), clock)
}

/// A runtime with a clock of the test's choice, in which every sleep ends at once.
struct NoSleep(Box<dyn Fn() -> Now + Send + Sync>);

impl NoSleep {
    fn new(clock: impl Fn() -> Now + Send + Sync + 'static) -> Self {
        Self(Box::new(clock))
    }
}

impl fmt::Debug for NoSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoSleep")
    }
}

impl Runtime for NoSleep {
    fn now(&self) -> Now {
        (self.0)()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(task)
    }
}

fn answers(count: usize, status: u16, headers: &[(&str, &str)]) -> ScriptedTransport {
    (0..count).fold(ScriptedTransport::new(), |script, _| script.answer(response(status, headers, "")))
}

fn failures(count: usize, error: &TransportError) -> ScriptedTransport {
    (0..count).fold(ScriptedTransport::new(), |script, _| script.fail(error.clone()))
}

/// The number of attempts of a call that always fails.
fn attempts<E: Endpoint>(script: &ScriptedTransport, endpoint: &E) -> u32 {
    let before = script.requests().len();
    let (client, clock) = client(script);
    let Err(error) = play(&client, &clock, endpoint).0 else { panic!("the call succeeded") };
    assert_eq!(script.requests().len() - before, error.attempts() as usize);
    error.attempts()
}

#[test]
fn the_table_of_failures_says_how_often_each_is_attempted() {
    let too_large = BodyCollector::new(0).push(b"x").unwrap_err();
    let soon = &[("retry-after", "1")][..];
    // The failure, the attempts of a repeatable endpoint, the attempts of a refresh.
    for (script, repeatable, refreshing) in [
        (failures(9, &TransportError::connect("x")), 3, 3),
        (failures(9, &TransportError::tls("x")), 3, 3),
        (failures(9, &TransportError::closed_before_sending("x")), 3, 3),
        (failures(9, &TransportError::refused_certificate("x")), 1, 1),
        (failures(9, &TransportError::config("x")), 1, 1),
        (failures(9, &TransportError::closed("x")), 3, 1),
        (failures(9, &TransportError::malformed("x")), 3, 1),
        (failures(9, &TransportError::too_large(too_large)), 1, 1),
        (answers(9, 408, &[]), 3, 1),
        (answers(9, 408, soon), 3, 1),
        (answers(9, 425, &[]), 3, 1),
        (answers(9, 429, &[]), 3, 1),
        (answers(9, 429, soon), 3, 3),
        (answers(9, 500, &[]), 3, 1),
        (answers(9, 500, soon), 3, 1),
        (answers(9, 501, &[]), 1, 1),
        (answers(9, 502, soon), 3, 1),
        (answers(9, 503, &[]), 3, 1),
        (answers(9, 503, soon), 3, 3),
        (answers(9, 504, &[]), 3, 1),
        (answers(9, 505, soon), 1, 1),
        (answers(9, 307, soon), 1, 1),
        (answers(9, 400, soon), 1, 1),
        (answers(9, 401, soon), 1, 1),
        (answers(9, 404, soon), 1, 1),
    ] {
        assert_eq!(attempts(&script, &delegate()), repeatable, "{script:?}");
        assert_eq!(attempts(&script, &delete()), repeatable, "{script:?}");
        assert_eq!(attempts(&script, &refresh()), refreshing, "{script:?}");
    }
}

#[test]
fn an_observer_sees_each_retry_with_its_back_off_and_no_failure_that_is_final() {
    for (script, seen) in [
        (answers(9, 429, &[("retry-after", "3")]), &[(1, Some(429), 3), (2, Some(429), 3)][..]),
        (answers(9, 401, &[]), &[]),
        (answers(9, 503, &[("retry-after", "3600")]), &[]),
        (failures(1, &TransportError::connect("x")).answer(response(200, &[], SUCCESS)), &[(1, None, 0)]),
    ] {
        let (client, clock) = client(&script);
        let retries = Arc::new(Mutex::new(Vec::new()));
        let (noted, sent, script) = (retries.clone(), script.clone(), script);
        let client = client.with_retry_observer(move |error, wait| {
            let attempts = error.attempts();
            assert_eq!(sent.requests().len(), attempts as usize, "the retry is not sent yet");
            noted.lock().unwrap().push((attempts, error.status().map(|it| it.as_u16()), wait.as_secs()));
        });
        let _ = play(&client, &clock, &delegate());
        assert_eq!(*retries.lock().unwrap(), seen, "{script:?}");
    }
}

#[test]
fn an_unreadable_answer_and_a_refusal_are_not_retried() {
    for body in ["", "<!doctype html>", r#"{"isSuccess":false,"errorMsg":"no"}"#] {
        let answer = || response(200, &[("retry-after", "1")], body);
        let script = ScriptedTransport::new().answer(answer()).answer(answer());
        assert_eq!((attempts(&script, &delegate()), attempts(&script, &refresh())), (1, 1), "{body}");
    }
}

#[test]
fn a_third_party_endpoint_is_retried_only_if_it_is_repeatable() {
    struct Foreign(ApiCredential, bool);
    impl Endpoint for Foreign {
        type Output = ();
        fn method(&self) -> Method {
            Method::GET
        }
        fn path(&self) -> &str {
            "/foreign"
        }
        fn credential(&self) -> &ApiCredential {
            &self.0
        }
        fn is_repeatable(&self) -> bool {
            self.1
        }
        fn read_success(&self, _: &Body) -> Result<((), Option<String>), EndpointError> {
            Ok(((), None))
        }
    }
    for (repeatable, expected) in [(true, 3), (false, 1)] {
        let endpoint = Foreign(credential(), repeatable);
        assert_eq!(attempts(&answers(3, 500, &[]), &endpoint), expected);
        assert_eq!(attempts(&failures(3, &TransportError::closed("x")), &endpoint), expected);
        assert_eq!(attempts(&failures(3, &TransportError::connect("x")), &endpoint), 3);
    }
    assert!(!refresh().is_repeatable() && delegate().is_repeatable() && delete().is_repeatable());
}

#[test]
fn an_error_says_whether_an_earlier_attempt_may_have_been_sent() {
    let unsent = TransportError::connect("x");
    for (first, may_have_been_sent) in [(TransportError::closed("x"), true), (unsent.clone(), false)] {
        let script = ScriptedTransport::new().fail(first).fail(unsent.clone()).fail(unsent.clone());
        let (client, clock) = client(&script);
        let error = play(&client, &clock, &delegate()).0.unwrap_err();
        assert_eq!((error.attempts(), error.may_have_been_sent()), (3, may_have_been_sent));
    }
}

#[test]
fn each_attempt_of_a_refresh_decides_for_itself() {
    let busy = || response(503, &[("retry-after", "1")], "");
    let script = ScriptedTransport::new().answer(busy()).fail(TransportError::connect("x")).answer(response(
        200,
        &[],
        SUCCESS,
    ));
    let (client, clock) = client(&script);
    assert!(
        play(&client, &clock, &refresh()).0.is_ok(),
        "the service processed neither of the first two attempts"
    );

    let script = ScriptedTransport::new().answer(busy()).fail(TransportError::closed("x"));
    let (client, clock) = self::client(&script);
    assert_eq!(play(&client, &clock, &refresh()).0.unwrap_err().attempts(), 2);
}

#[test]
fn a_retry_sends_the_same_request_and_sent_is_the_time_of_the_last_attempt() {
    let script = failures(2, &TransportError::connect("x")).answer(response(200, &[], SUCCESS));
    let (client, clock) = client(&script);
    let begun = clock.now();
    let endpoint = delegate();
    let mut call = pin!(client.call(&endpoint));
    let answer = loop {
        match poll(call.as_mut()) {
            Poll::Ready(result) => break result.unwrap(),
            Poll::Pending => clock.advance(Duration::from_secs(1)),
        }
    };
    assert_eq!(answer.sent.unwrap(), clock.now());
    assert_eq!(clock.now().saturating_since(begun), Duration::from_secs(2));
    let requests = script.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests[1..] {
        assert_eq!((request.method(), request.uri()), (requests[0].method(), requests[0].uri()));
        assert_eq!((request.headers(), request.body()), (requests[0].headers(), requests[0].body()));
    }
}

#[test]
fn a_request_that_cannot_be_built_again_ends_the_call_with_the_error_of_its_attempt() {
    /// Its path is valid once.
    struct Once(ApiCredential, AtomicBool);
    impl Endpoint for Once {
        type Output = ();
        fn method(&self) -> Method {
            Method::GET
        }
        fn path(&self) -> &str {
            if self.1.swap(false, Ordering::Relaxed) { "/once" } else { "/no path\n" }
        }
        fn credential(&self) -> &ApiCredential {
            &self.0
        }
        fn is_repeatable(&self) -> bool {
            true
        }
        fn read_success(&self, _: &Body) -> Result<((), Option<String>), EndpointError> {
            Ok(((), None))
        }
    }
    let script = answers(3, 503, &[]);
    let (client, clock) = client(&script);
    let error = play(&client, &clock, &Once(credential(), AtomicBool::new(true))).0.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    assert_eq!((error.attempts(), script.requests().len()), (1, 1));
    assert!((client.retry_budget() - 10.0).abs() < f64::EPSILON, "a retry that was not sent costs nothing");
}

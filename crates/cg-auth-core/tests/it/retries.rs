//! The attempts of a call: which failures are met with another, when, and when no longer.

mod budget;
mod deadlines;
mod policy;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use cg_auth_core::{
    ApiCredential, AuthClient, CallError,
    body::{Body, BodyCollector},
    endpoint::{Endpoint, EndpointError},
    testing::{ManualClock, ScriptedTransport},
    time::Runtime,
    transport::TransportError,
};
use http::Method;

use crate::support::{SUCCESS, base, credential, delegate, delete, refresh, response};

/// Plays the call to its end, moving the clock on in small steps: its result and how long it took.
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

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn client(transport: &ScriptedTransport) -> (AuthClient, ManualClock) {
    let clock = ManualClock::new();
    (AuthClient::with_runtime(base(), transport.clone(), clock.clone()), clock)
}

fn answers(count: usize, status: u16, headers: &[(&str, &str)]) -> ScriptedTransport {
    (0..count).fold(ScriptedTransport::new(), |script, _| script.answer(response(status, headers, "")))
}

fn failures(count: usize, error: &TransportError) -> ScriptedTransport {
    (0..count).fold(ScriptedTransport::new(), |script, _| script.fail(error.clone()))
}

/// How often an endpoint is sent that fails again and again.
fn attempts<E: Endpoint>(script: &ScriptedTransport, endpoint: &E) -> u32 {
    let before = script.requests().len();
    let (client, clock) = client(script);
    let Err(error) = play(&client, &clock, endpoint).0 else { panic!("the call succeeded") };
    assert_eq!(script.requests().len() - before, error.attempts() as usize);
    error.attempts()
}

#[test]
fn which_failures_are_met_with_another_attempt() {
    let too_large = BodyCollector::new(0).push(b"x").unwrap_err();
    let soon = &[("retry-after", "1")][..];
    // The failure, then the attempts of an endpoint that may be repeated, and of a refresh.
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
fn an_answer_that_cannot_be_read_or_says_no_is_not_asked_for_again() {
    for body in ["", "<!doctype html>", r#"{"isSuccess":false,"errorMsg":"no"}"#] {
        let answer = || response(200, &[("retry-after", "1")], body);
        let script = ScriptedTransport::new().answer(answer()).answer(answer());
        assert_eq!((attempts(&script, &delegate()), attempts(&script, &refresh())), (1, 1), "{body}");
    }
}

#[test]
fn an_operation_of_a_third_party_is_repeated_only_where_it_says_so() {
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
fn an_error_remembers_that_an_earlier_attempt_may_have_arrived() {
    let unsent = TransportError::connect("x");
    for (first, may_have_been_sent) in [(TransportError::closed("x"), true), (unsent.clone(), false)] {
        let script = ScriptedTransport::new().fail(first).fail(unsent.clone()).fail(unsent.clone());
        let (client, clock) = client(&script);
        let error = play(&client, &clock, &delegate()).0.unwrap_err();
        assert_eq!((error.attempts(), error.may_have_been_sent()), (3, may_have_been_sent));
    }
}

#[test]
fn each_attempt_of_a_refresh_is_judged_by_itself() {
    let turned_away = || response(503, &[("retry-after", "1")], "");
    let script = ScriptedTransport::new()
        .answer(turned_away())
        .fail(TransportError::connect("x"))
        .answer(response(200, &[], SUCCESS));
    let (client, clock) = client(&script);
    assert!(play(&client, &clock, &refresh()).0.is_ok(), "neither attempt was accepted");

    let script = ScriptedTransport::new().answer(turned_away()).fail(TransportError::closed("x"));
    let (client, clock) = self::client(&script);
    assert_eq!(play(&client, &clock, &refresh()).0.unwrap_err().attempts(), 2);
}

#[test]
fn the_same_request_is_sent_again_and_sent_counts_from_the_attempt_that_was_answered() {
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

//! The attempts of a call: which failures are met with another, when, and when no longer.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use cg_auth_core::{
    AuthClient, Error, ErrorKind, FailedAttempt, RetryPolicy,
    body::BodyCollector,
    endpoint::{Endpoint, EndpointError},
    testing::{ManualClock, ScriptedTransport},
    time::Runtime,
    transport::TransportError,
};
use proptest::prelude::*;

use crate::support::{SUCCESS, base, delegate, delete, refresh, response};

/// Plays the call to its end, moving the clock on in small steps: its result and how long it took.
fn play<E: Endpoint>(
    client: &AuthClient,
    clock: &ManualClock,
    endpoint: &E,
) -> (Result<E::Output, Error>, Duration) {
    const STEP: Duration = Duration::from_millis(10);
    let begun = clock.now();
    let mut call = pin!(client.call(endpoint));
    loop {
        if let Poll::Ready(result) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return (result.map(|answer| answer.value), clock.now().saturating_since(begun));
        }
        clock.advance(STEP);
    }
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
        (answers(9, 425, &[]), 3, 1),
        (answers(9, 429, &[]), 3, 1),
        (answers(9, 429, soon), 3, 3),
        (answers(9, 500, &[]), 3, 1),
        (answers(9, 500, soon), 3, 1),
        (answers(9, 501, &[]), 1, 1),
        (answers(9, 502, soon), 3, 1),
        (answers(9, 503, &[]), 3, 1),
        (answers(9, 503, soon), 3, 3),
        (answers(9, 505, soon), 1, 1),
        (answers(9, 307, soon), 1, 1),
        (answers(9, 400, soon), 1, 1),
        (answers(9, 401, soon), 1, 1),
        (answers(9, 404, soon), 1, 1),
        (answers(9, 200, soon), 1, 1), // unreadable
    ] {
        let attempts = |result: Result<_, Error>| result.unwrap_err().attempts();
        let (client, clock) = client(&script);
        assert_eq!(attempts(play(&client, &clock, &delegate()).0), repeatable, "{script:?}");
        let before = script.requests().len();
        assert_eq!(before, repeatable as usize);
        assert_eq!(attempts(play(&client, &clock, &refresh()).0), refreshing, "{script:?}");
        assert_eq!(script.requests().len() - before, refreshing as usize);
    }
    let script = answers(2, 503, &[]).answer(response(204, &[], ""));
    let (client, clock) = client(&script);
    assert!(play(&client, &clock, &delete()).0.is_ok());
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
fn the_same_request_is_sent_again_and_sent_counts_from_the_attempt_that_was_answered() {
    let script = failures(2, &TransportError::connect("x")).answer(response(200, &[], SUCCESS));
    let (client, clock) = client(&script);
    let begun = clock.now();
    let endpoint = delegate();
    let mut call = pin!(client.call(&endpoint));
    let answer = loop {
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => break result.unwrap(),
            Poll::Pending => clock.advance(Duration::from_secs(1)),
        }
    };
    assert_eq!(answer.sent.unwrap(), clock.now());
    assert_eq!(clock.now().saturating_since(begun), Duration::from_secs(2));
    let requests = script.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests[1..] {
        assert_eq!((request.uri(), request.headers()), (requests[0].uri(), requests[0].headers()));
        assert_eq!(request.body(), requests[0].body());
    }
}

#[test]
fn the_time_that_the_service_names_is_kept() {
    for retry_after in ["7", "Wed, 15 Sep 2021 08:15:25 GMT"] {
        let headers = [("retry-after", retry_after), ("date", "Wed, 15 Sep 2021 08:15:18 GMT")];
        let script = answers(1, 503, &headers).answer(response(200, &[], SUCCESS));
        let (client, clock) = client(&script);
        let (result, took) = play(&client, &clock, &refresh());
        assert!(result.is_ok());
        assert_eq!(took, Duration::from_secs(7), "{retry_after}");
    }
}

#[test]
fn a_time_beyond_the_deadline_fails_at_once_and_is_told() {
    for (retry_after, seconds) in [("100", 100), ("3600", 3600), ("18446744073709551615", u64::MAX)] {
        let script = answers(2, 429, &[("retry-after", retry_after)]);
        let (client, clock) = client(&script);
        let (result, took) = play(&client, &clock, &delegate());
        let error = result.unwrap_err();
        assert_eq!((error.attempts(), error.retry_after()), (1, Some(Duration::from_secs(seconds))));
        assert_eq!(took, Duration::ZERO);
    }
    let script = answers(1, 429, &[("retry-after", "7200")]).answer(response(200, &[], SUCCESS));
    let (client, clock) = client(&script);
    let patient = client.with_timeout(Duration::from_secs(100_000));
    assert_eq!(play(&patient, &clock, &delegate()).1, Duration::from_secs(3600), "an hour is the most");
}

#[test]
fn an_attempt_has_a_limit_of_its_own() {
    let script = ScriptedTransport::new().hang().answer(response(200, &[], SUCCESS));
    let (client, clock) = client(&script);
    let (result, took) = play(&client, &clock, &delegate());
    assert!(result.is_ok());
    assert!((Duration::from_secs(30)..=Duration::from_millis(30_210)).contains(&took), "{took:?}");

    let script = ScriptedTransport::new().hang().answer(response(200, &[], SUCCESS));
    let (client, clock) = self::client(&script);
    let error = play(&client, &clock, &refresh()).0.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1), "a refresh may have arrived");
    assert_eq!(error.to_string(), "no complete answer within 30s");
}

#[test]
fn no_attempt_is_begun_that_could_not_end_in_time() {
    let script = ScriptedTransport::new().hang().hang().hang();
    let (client, clock) = client(&script);
    let (result, took) = play(&client.with_timeout(Duration::from_secs(50)), &clock, &delegate());
    assert_eq!(result.unwrap_err().attempts(), 1);
    assert_eq!(took, Duration::from_secs(30));
}

#[test]
fn no_policy_is_one_attempt_within_the_whole_deadline() {
    let script = ScriptedTransport::new().hang();
    let (client, clock) = client(&script);
    let client = client.with_retry_policy(RetryPolicy::none());
    let (result, took) = play(&client, &clock, &delegate());
    assert_eq!(result.unwrap_err().attempts(), 1);
    assert_eq!(took, AuthClient::DEFAULT_TIMEOUT);
}

#[test]
fn a_dead_service_costs_about_one_request_per_call() {
    let calls = 1000;
    let script = failures(3 * calls, &TransportError::connect("x"));
    let (client, clock) = client(&script);
    for call in 0..calls {
        // Clones share the budget, whatever else they differ in.
        let client = client.clone().with_timeout(Duration::from_secs(50 + call as u64 % 2));
        assert!(play(&client, &clock, &delegate()).0.is_err());
    }
    let requests = script.requests().len();
    assert!((calls + 100..=calls + calls / 5).contains(&requests), "{requests}");
}

fn error_of(status: u16, attempts: u32) -> Error {
    let script = answers(attempts as usize, status, &[]);
    let (client, clock) = client(&script);
    let policy = RetryPolicy::new().with_max_attempts(attempts);
    play(&client.with_retry_policy(policy), &clock, &delegate()).0.unwrap_err()
}

proptest! {
    #[test]
    fn a_wait_is_within_its_bounds_and_leaves_time_for_an_attempt(
        attempts in 1_u32..6,
        max_attempts in 0_u32..9,
        first in any::<u32>(),
        longest in any::<u32>(),
        took in any::<u32>(),
        left in any::<u64>(),
        jitter in prop_oneof![0.0..1.0, Just(f64::NAN), Just(f64::INFINITY), Just(-1.0)],
    ) {
        let (first, longest) = (Duration::from_millis(first.into()), Duration::from_millis(longest.into()));
        let (took, left) = (Duration::from_millis(took.into()), Duration::from_millis(left));
        let policy = RetryPolicy::new().with_max_attempts(max_attempts).with_waits(first, longest);
        let error = error_of(503, attempts);
        prop_assert_eq!(error.attempts(), attempts);
        let attempt = FailedAttempt { error: &error, repeatable: true, took, left, jitter };
        match policy.wait_after(&attempt) {
            Some(wait) => {
                prop_assert!(attempts < max_attempts);
                prop_assert!(wait <= longest && wait <= first.saturating_mul(1 << (attempts - 1)));
                prop_assert!(wait + took < left);
            }
            None => {
                let bound = first.saturating_mul(1 << (attempts - 1)).min(longest);
                prop_assert!(attempts >= max_attempts || bound + took >= left);
            }
        }
    }
}

#[test]
fn an_error_of_the_endpoint_alone_can_be_judged_too() {
    let error: EndpointError = delegate().read(response(503, &[("retry-after", "1")], "")).unwrap_err();
    let error = Error::from(error);
    let attempt = FailedAttempt {
        error: &error,
        repeatable: false,
        took: Duration::ZERO,
        left: Duration::from_secs(2),
        jitter: 0.5,
    };
    assert_eq!(RetryPolicy::new().wait_after(&attempt), Some(Duration::from_secs(1)));
}

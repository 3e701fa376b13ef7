//! The retry budget that the clones of a client share.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::Poll,
    thread,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use cg_auth_core::{
    AuthClient, CallErrorKind, RetryPolicy,
    body::Body,
    testing::{ManualClock, ScriptedTransport},
    time::Now,
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response};

use super::{NoSleep, answers, attempts, client, failures, play};
use crate::support::{SUCCESS, base, delegate, poll, refresh, response};

const CALLS: usize = 1000;

/// Asserts one retry for ten calls, plus the ten retries at the start.
fn assert_about_one_request_per_call(script: &ScriptedTransport) {
    let requests = script.requests().len();
    assert!((CALLS + CALLS / 10..=CALLS + CALLS / 5).contains(&requests), "{requests}");
}

#[test]
fn if_the_service_is_down_a_call_sends_about_one_request() {
    for script in [
        failures(3 * CALLS, &TransportError::connect("x")),
        failures(3 * CALLS, &TransportError::closed("x")),
        answers(3 * CALLS, 500, &[]),
        answers(3 * CALLS, 503, &[("retry-after", "0")]),
    ] {
        let (client, clock) = client(&script);
        for call in 0..CALLS {
            // Clones share the budget, even with different deadlines.
            let client = client.clone().with_timeout(Duration::from_secs(50 + call as u64 % 2));
            assert!(play(&client, &clock, &delegate()).0.is_err());
        }
        assert_about_one_request_per_call(&script);
    }
}

#[test]
fn clones_in_many_threads_share_the_budget() {
    let script = failures(3 * CALLS, &TransportError::connect("x"));
    let client = AuthClient::with_runtime(
        base(),
        script.clone(),
        NoSleep::new(|| Now::new(Duration::ZERO, UNIX_EPOCH)),
    );
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..CALLS / 8 {
                    let client = client.clone().with_retry_policy(RetryPolicy::new().with_max_attempts(4));
                    let endpoint = delegate();
                    assert!(matches!(poll(pin!(client.call(&endpoint))), Poll::Ready(Err(_))));
                }
            });
        }
    });
    assert_about_one_request_per_call(&script);
}

#[test]
fn occasional_failures_are_all_retried() {
    let script = (0..CALLS).fold(ScriptedTransport::new(), |script, call| {
        let script = if call % 10 == 0 { script.answer(response(503, &[], "")) } else { script };
        script.answer(response(200, &[], SUCCESS))
    });
    let (client, clock) = client(&script);
    for _ in 0..CALLS {
        assert!(play(&client, &clock, &delegate()).0.is_ok());
    }
}

#[test]
fn a_call_makes_at_most_eleven_attempts() {
    let script = failures(99, &TransportError::connect("x"));
    let (client, clock) = client(&script);
    let eager = client.with_retry_policy(RetryPolicy::new().with_max_attempts(99));
    assert_eq!(play(&eager, &clock, &delegate()).0.unwrap_err().attempts(), 11);
}

/// An HTTP/2 connection that answers one call and turns all others away, as GOAWAY does.
#[test]
fn calls_that_one_connection_turns_away_at_once_are_all_repeated_and_cost_no_budget() {
    let untaken = TransportError::closed_before_sending("GOAWAY");
    for (count, rounds) in [(15, 1), (200, 1), (15, 2), (200, 2)] {
        let success = || response(200, &[], SUCCESS);
        let script = (0..=count).fold(failures(count * rounds, &untaken), |it, _| it.answer(success()));
        let script = answers_after(script, 40);
        let (client, clock) = client(&script);
        let endpoints = (delegate(), refresh());
        let mut calls: Vec<Pin<Box<dyn Future<Output = bool>>>> = Vec::new();
        for number in 0..count {
            let (client, endpoints) = (&client, &endpoints);
            calls.push(match number % 2 {
                0 => Box::pin(async move { client.call(&endpoints.0).await.is_ok() }),
                _ => Box::pin(async move { client.call(&endpoints.1).await.is_ok() }),
            });
        }
        for _ in 0..=rounds {
            calls.retain_mut(|call| match poll(call.as_mut()) {
                Poll::Ready(is_ok) => {
                    assert!(is_ok, "a call of {count} was not repeated");
                    false
                }
                Poll::Pending => true,
            });
            // Longer than each back-off, so that the calls go round by round.
            clock.advance(Duration::from_secs(1));
        }
        assert!(calls.is_empty());
        assert_eq!(script.requests().len(), count * (rounds + 1));
        drop(play(&client, &clock, &delegate()).0.unwrap());
        let retries: u32 =
            (0..10).map(|_| play(&client, &clock, &delegate()).0.unwrap_err().attempts() - 1).sum();
        assert_eq!(retries, 10, "the budget was full");
    }
}

#[test]
fn a_call_that_every_connection_turns_away_ends() {
    let script = failures(99, &TransportError::closed_before_sending("GOAWAY"));
    let (client, clock) = client(&script);
    assert_eq!(play(&client, &clock, &refresh()).0.unwrap_err().attempts(), 3);
    let eager = client.with_retry_policy(RetryPolicy::new().with_max_attempts(99));
    assert_eq!(play(&eager, &clock, &refresh()).0.unwrap_err().attempts(), 13);
    assert_eq!(play(&eager, &clock, &refresh()).0.unwrap_err().attempts(), 3, "the budget is used up");
}

#[test]
fn no_policy_without_retries_repeats_a_call_that_was_turned_away() {
    let script = failures(9, &TransportError::closed_before_sending("GOAWAY"));
    let (client, clock) = client(&script);
    let client = client.with_retry_policy(RetryPolicy::none());
    assert_eq!(play(&client, &clock, &refresh()).0.unwrap_err().attempts(), 1);
}

fn answers_after(script: ScriptedTransport, count: usize) -> ScriptedTransport {
    (0..count).fold(script, |script, _| script.answer(response(500, &[], "")))
}

#[test]
fn a_call_cancelled_during_its_back_off_uses_no_budget() {
    let script = answers(CALLS + 3, 503, &[("retry-after", "1")]);
    let (client, clock) = client(&script);
    let endpoint = delegate();
    for _ in 0..CALLS {
        assert!(poll(pin!(client.call(&endpoint))).is_pending());
    }
    assert_eq!(play(&client, &clock, &endpoint).0.unwrap_err().attempts(), 3);
}

#[test]
fn a_back_off_that_ends_after_the_deadline_uses_no_budget() {
    let script = answers(CALLS + 3, 503, &[("retry-after", "1")]);
    let (client, clock) = client(&script);
    let endpoint = delegate();
    for _ in 0..CALLS {
        let mut call = pin!(client.call(&endpoint));
        assert!(poll(call.as_mut()).is_pending());
        clock.advance(AuthClient::DEFAULT_TIMEOUT);
        assert!(poll(call.as_mut()).is_ready());
    }
    assert_eq!(play(&client, &clock, &endpoint).0.unwrap_err().attempts(), 3);
}

#[test]
fn a_retry_that_was_sent_uses_budget_even_if_it_is_cancelled() {
    let retries = 11; // ten, and a tenth for each of these calls except the first
    let script = (0..=retries).fold(ScriptedTransport::new(), |script, _| {
        script.answer(response(503, &[("retry-after", "1")], "")).hang()
    });
    let (client, clock) = client(&script);
    let endpoint = delegate();
    for call in 1..=retries {
        let mut sent = pin!(client.call(&endpoint));
        assert!(poll(sent.as_mut()).is_pending());
        clock.advance(Duration::from_secs(1));
        assert!(poll(sent.as_mut()).is_pending());
        assert_eq!(script.requests().len(), 2 * call);
    }
    let Poll::Ready(Err(error)) = poll(pin!(client.call(&endpoint))) else {
        panic!("the twelfth retry was made")
    };
    assert_eq!(error.attempts(), 1);
}

#[test]
fn after_a_panic_in_the_transport_the_client_stays_usable() {
    #[derive(Debug)]
    struct Panicking(ScriptedTransport);
    #[async_trait]
    impl HttpTransport for Panicking {
        async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
            let result = self.0.send(request).await;
            assert!(result.is_err(), "on purpose");
            result
        }
    }
    let calls = 20;
    let script = answers(calls, 200, &[]).fail(TransportError::connect("x"));
    let clock = ManualClock::new();
    let client = AuthClient::with_runtime(base(), Panicking(script), clock.clone());
    for _ in 0..calls {
        assert!(catch_unwind(AssertUnwindSafe(|| play(&client, &clock, &delegate()))).is_err());
    }
    let error = play(&client, &clock, &delegate()).0.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (CallErrorKind::Config, 2), "the script has ended");
}

#[test]
fn two_clients_do_not_share_a_budget() {
    let script = failures(300, &TransportError::connect("x"));
    for _ in 0..100 {
        assert_eq!(attempts(&script, &refresh()), 3);
    }
}

//! Waits and attempts within the deadline, by clocks of every kind.

use std::{
    pin::pin,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    task::Poll,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cg_auth_core::{
    AuthClient, CallErrorKind, RetryPolicy,
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
    transport::TransportError,
};

use super::{answers, client, failures, play, poll};
use crate::support::{SUCCESS, base, delegate, refresh, response};

const ONE_SECOND: Duration = Duration::from_secs(1);

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
    for (retry_after, expected) in [("99", 99), ("7200", 3600)] {
        let script = answers(1, 429, &[("retry-after", retry_after)]).answer(response(200, &[], SUCCESS));
        let (client, clock) = client(&script);
        let limit = Duration::from_secs(expected + 1);
        let (result, took) = play(&client.with_timeout(limit), &clock, &refresh());
        assert!(result.is_ok(), "an hour is the most, and it fits");
        assert_eq!(took, Duration::from_secs(expected));
    }
}

#[test]
fn a_wait_is_drawn_from_the_whole_range() {
    let wait = |_| {
        let script = failures(1, &TransportError::connect("x")).answer(response(200, &[], SUCCESS));
        let (client, clock) = client(&script);
        play(&client, &clock, &delegate()).1
    };
    let mut waits: Vec<_> = (0..200).map(wait).collect();
    waits.sort_unstable();
    assert!(waits[0] <= Duration::from_millis(50), "{waits:?}");
    assert!((Duration::from_millis(150)..=Duration::from_millis(200)).contains(&waits[199]), "{waits:?}");
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
    assert_eq!((error.kind(), error.attempts()), (CallErrorKind::Timeout, 1), "a refresh may have arrived");
    assert_eq!(error.to_string(), "no complete answer within 30s");
}

#[test]
fn three_attempts_that_are_cut_off_fit_into_the_default_deadline() {
    let (client, clock) = client(&ScriptedTransport::new().hang().hang().hang());
    let (result, took) = play(&client, &clock, &delegate());
    assert_eq!(result.unwrap_err().attempts(), 3);
    assert!((90 * ONE_SECOND..=91 * ONE_SECOND).contains(&took), "{took:?}");
}

#[test]
fn the_deadline_ends_an_attempt_whose_own_limit_is_longer() {
    let limit = 20 * ONE_SECOND;
    for policy in [RetryPolicy::new(), RetryPolicy::new().with_attempt_timeout(Duration::MAX)] {
        let (client, clock) = client(&failures(1, &TransportError::connect("x")).hang());
        let client = client.with_timeout(limit).with_retry_policy(policy);
        let (result, took) = play(&client, &clock, &delegate());
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (CallErrorKind::Timeout, 2));
        assert_eq!(error.to_string(), "no complete answer within 20s");
        assert_eq!(took, limit);
    }
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
fn no_attempt_is_begun_after_a_wait_that_ended_too_late() {
    for late in [Duration::MAX, AuthClient::DEFAULT_TIMEOUT] {
        let script = failures(1, &TransportError::connect("x")).hang();
        let (client, clock) = client(&script);
        let endpoint = refresh();
        let mut call = pin!(client.call(&endpoint));
        assert!(poll(call.as_mut()).is_pending());
        clock.advance(late);
        let Poll::Ready(Err(error)) = poll(call.as_mut()) else { panic!("the call goes on") };
        assert_eq!((error.kind(), error.attempts()), (CallErrorKind::Transport, 1));
        assert!(!error.may_have_been_sent(), "the refresh token is still good");
        assert_eq!(script.requests().len(), 1);
    }
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
fn a_wall_clock_that_is_set_changes_no_wait() {
    // Relative to the clock's first day, since the answer has no `Date`.
    let headers = [("retry-after", "Tue, 01 Jan 2030 00:00:07 GMT")];
    for wall in [UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(u64::from(u32::MAX))] {
        let script = answers(1, 503, &headers).answer(response(200, &[], SUCCESS));
        let (client, clock) = client(&script);
        let endpoint = refresh();
        let mut call = pin!(client.call(&endpoint));
        assert!(poll(call.as_mut()).is_pending());
        clock.set_wall(wall);
        clock.advance(7 * ONE_SECOND - Duration::from_nanos(1));
        clock.suspend(1000 * ONE_SECOND);
        assert!(poll(call.as_mut()).is_pending());
        clock.advance(Duration::from_nanos(1));
        assert!(matches!(poll(call.as_mut()), Poll::Ready(Ok(_))));
    }
}

#[test]
fn no_wall_clock_is_too_odd_for_a_date() {
    let odd = [Duration::from_secs(i64::MAX as u64), Duration::from_secs(10_000_000_000)];
    let past = odd.map(|age| UNIX_EPOCH.checked_sub(age));
    let future = odd.map(|age| UNIX_EPOCH.checked_add(age));
    let play_at = |wall| {
        let headers = [("retry-after", "Tue, 01 Jan 2030 00:00:07 GMT")];
        let script = answers(1, 503, &headers).answer(response(200, &[], SUCCESS));
        let clock = ManualClock::starting_at(wall);
        let client = AuthClient::with_runtime(base(), script, clock.clone());
        play(&client, &clock, &refresh())
    };
    for wall in past.into_iter().flatten() {
        let (result, took) = play_at(wall);
        assert!(result.unwrap_err().retry_after() > Some(Duration::from_secs(1_000_000_000)));
        assert_eq!(took, Duration::ZERO);
    }
    for wall in future.into_iter().flatten() {
        let (result, took) = play_at(wall);
        assert!(result.is_ok() && took == Duration::ZERO, "that time has come long ago");
    }
}

#[test]
fn a_clock_that_runs_backwards_ends_no_call_early_and_none_never() {
    let script = failures(9, &TransportError::connect("x"));
    let backwards = Backwards(AtomicU64::new(1000));
    let client = AuthClient::with_runtime(base(), script, backwards);
    let endpoint = delegate();
    let Poll::Ready(Err(error)) = poll(pin!(client.call(&endpoint))) else { panic!("no end") };
    assert_eq!(error.attempts(), 3);
}

/// A second earlier whenever it is read; every wait is over at once.
#[derive(Debug)]
struct Backwards(AtomicU64);

impl Runtime for Backwards {
    fn now(&self) -> Now {
        Now::new(Duration::from_secs(self.0.fetch_sub(1, Relaxed)), SystemTime::UNIX_EPOCH)
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(task)
    }
}

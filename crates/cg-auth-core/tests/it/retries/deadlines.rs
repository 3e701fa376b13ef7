//! Back-off and attempts within the deadline, with clocks of every kind.

use std::{
    pin::pin,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    task::Poll,
    time::{Duration, UNIX_EPOCH},
};

use cg_auth_core::{
    AuthClient, CallErrorKind, RetryPolicy,
    testing::{ManualClock, ScriptedTransport},
    time::Now,
    transport::TransportError,
};

use super::{NoSleep, answers, client, failures, play};
use crate::support::{SUCCESS, base, delegate, poll, refresh, response};

const ONE_SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_retry_waits_for_the_retry_after() {
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
fn a_retry_after_beyond_the_deadline_fails_at_once_and_is_in_the_error() {
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
        assert!(result.is_ok(), "the wait is at most an hour, which is within the deadline");
        assert_eq!(took, Duration::from_secs(expected));
    }
}

#[test]
fn a_back_off_is_drawn_from_the_whole_range() {
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
fn an_attempt_has_its_own_timeout() {
    let script = ScriptedTransport::new().hang().answer(response(200, &[], SUCCESS));
    let (client, clock) = client(&script);
    let (result, took) = play(&client, &clock, &delegate());
    assert!(result.is_ok());
    assert!((Duration::from_secs(30)..=Duration::from_millis(30_210)).contains(&took), "{took:?}");

    let script = ScriptedTransport::new().hang().answer(response(200, &[], SUCCESS));
    let (client, clock) = self::client(&script);
    let error = play(&client, &clock, &refresh()).0.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (CallErrorKind::Timeout, 1),
        "the service may have received the refresh"
    );
    assert_eq!(error.to_string(), "no complete answer within 30s");
}

#[test]
fn a_limit_on_the_time_of_attempts_leaves_the_rest_of_the_policy() {
    let (client, clock) = client(&ScriptedTransport::new().hang().hang());
    let policy = RetryPolicy::none().with_attempt_timeout(7 * ONE_SECOND);
    let (result, took) = play(&client.with_retry_policy(policy), &clock, &delegate());
    let error = result.unwrap_err();
    assert_eq!((error.attempts(), took), (1, 7 * ONE_SECOND));
    assert_eq!(error.to_string(), "no complete answer within 7s");
}

#[test]
fn three_timed_out_attempts_fit_into_the_default_deadline() {
    let (client, clock) = client(&ScriptedTransport::new().hang().hang().hang());
    let (result, took) = play(&client, &clock, &delegate());
    assert_eq!(result.unwrap_err().attempts(), 3);
    assert!((90 * ONE_SECOND..=91 * ONE_SECOND).contains(&took), "{took:?}");
}

#[test]
fn the_deadline_ends_an_attempt_with_a_longer_timeout() {
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
fn all_attempts_of_a_call_share_one_deadline() {
    let limit = 10 * ONE_SECOND;
    for attempt_timeout in [2 * ONE_SECOND, 3 * ONE_SECOND, 60 * ONE_SECOND] {
        let script = (0..20).fold(ScriptedTransport::new(), |script, _| script.hang());
        let (client, clock) = client(&script);
        let policy = RetryPolicy::new().with_max_attempts(20).with_attempt_timeout(attempt_timeout);
        let (result, took) = play(&client.with_timeout(limit).with_retry_policy(policy), &clock, &delegate());
        let attempts = result.unwrap_err().attempts();
        assert!(took <= limit, "{took:?} with attempts of {attempt_timeout:?}");
        assert_eq!(attempts > 1, attempt_timeout < limit, "{attempts}");
    }
}

#[test]
fn no_attempt_starts_that_could_not_end_before_the_deadline() {
    let script = ScriptedTransport::new().hang().hang().hang();
    let (client, clock) = client(&script);
    let (result, took) = play(&client.with_timeout(Duration::from_secs(50)), &clock, &delegate());
    assert_eq!(result.unwrap_err().attempts(), 1);
    assert_eq!(took, Duration::from_secs(30));
}

#[test]
fn no_attempt_starts_after_a_back_off_that_ended_too_late() {
    for late in [Duration::MAX, AuthClient::DEFAULT_TIMEOUT] {
        let script = failures(1, &TransportError::connect("x")).hang();
        let (client, clock) = client(&script);
        let endpoint = refresh();
        let mut call = pin!(client.call(&endpoint));
        assert!(poll(call.as_mut()).is_pending());
        clock.advance(late);
        let Poll::Ready(Err(error)) = poll(call.as_mut()) else { panic!("the call goes on") };
        assert_eq!((error.kind(), error.attempts()), (CallErrorKind::Transport, 1));
        assert!(!error.may_have_been_sent(), "the refresh token is still usable");
        assert_eq!(script.requests().len(), 1);
    }
}

#[test]
fn without_retries_one_attempt_has_the_whole_deadline() {
    let script = ScriptedTransport::new().hang();
    let (client, clock) = client(&script);
    let client = client.with_retry_policy(RetryPolicy::none());
    let (result, took) = play(&client, &clock, &delegate());
    assert_eq!(result.unwrap_err().attempts(), 1);
    assert_eq!(took, AuthClient::DEFAULT_TIMEOUT);
}

#[test]
fn setting_the_wall_clock_does_not_change_a_back_off() {
    // The answer has no `Date`, so the date counts from the manual clock's start.
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
fn any_wall_clock_works_with_a_retry_after_date() {
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
        assert!(result.is_ok() && took == Duration::ZERO, "that time is in the past");
    }
}

#[test]
fn with_a_clock_that_runs_backwards_a_call_still_makes_all_attempts() {
    let script = failures(9, &TransportError::connect("x"));
    let seconds = AtomicU64::new(1000);
    let backwards =
        NoSleep::new(move || Now::new(Duration::from_secs(seconds.fetch_sub(1, Relaxed)), UNIX_EPOCH));
    let client = AuthClient::with_runtime(base(), script, backwards);
    let endpoint = delegate();
    let Poll::Ready(Err(error)) = poll(pin!(client.call(&endpoint))) else { panic!("the call does not end") };
    assert_eq!(error.attempts(), 3);
}

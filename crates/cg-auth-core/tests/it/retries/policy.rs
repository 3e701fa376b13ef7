//! The decisions of `RetryPolicy` for any input.
//!
//! The expectations are stated here independently. They do not use the crate's own logic.

use std::time::Duration;

use cg_auth_core::{
    CallError, FailedAttempt, RetryPolicy, body::BodyCollector, endpoint::Endpoint, transport::TransportError,
};
use proptest::prelude::*;

use crate::support::{delegate, response};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Retried {
    Always,
    IfRepeatable,
    Never,
}
use Retried::{Always, IfRepeatable, Never};

fn transport_failure() -> impl Strategy<Value = (CallError, Retried)> {
    let too_large = BodyCollector::new(0).push(b"x").unwrap_err();
    let failures = vec![
        (TransportError::connect("x"), Always),
        (TransportError::tls("x"), Always),
        (TransportError::closed_before_sending("x"), Always),
        (TransportError::closed("x"), IfRepeatable),
        (TransportError::malformed("x"), IfRepeatable),
        (TransportError::refused_certificate("x"), Never),
        (TransportError::config("x"), Never),
        (TransportError::too_large(too_large), Never),
    ];
    proptest::sample::select(failures).prop_map(|(error, again)| (error.into(), again))
}

fn error_answer() -> impl Strategy<Value = (CallError, Retried)> {
    let special = proptest::sample::select(vec![408, 425, 429, 500, 501, 502, 503, 504, 505]);
    let status = prop_oneof![special, 100_u16..1000];
    (status, proptest::option::of(any::<u64>())).prop_map(|(status, retry_after)| {
        let again = match status {
            429 | 503 if retry_after.is_some() => Always,
            501 | 505 => Never,
            408 | 425 | 429 | 500..600 => IfRepeatable,
            _ => Never,
        };
        (answered(status, retry_after), again)
    })
}

fn answered(status: u16, retry_after: Option<u64>) -> CallError {
    let seconds = retry_after.map(|seconds| seconds.to_string());
    let headers: Vec<_> = seconds.iter().map(|seconds| ("retry-after", seconds.as_str())).collect();
    delegate().read(response(status, &headers, "")).unwrap_err().into()
}

/// A first attempt that took no time, with unlimited time left.
fn first_attempt(error: &CallError) -> FailedAttempt<'_> {
    let (took, left) = (Duration::ZERO, Duration::MAX);
    FailedAttempt { error, attempts: 1, repeatable: true, took, left, jitter: 1.0 }
}

/// Any duration, more often one of the usual size.
fn duration() -> impl Strategy<Value = Duration> {
    let any = (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos));
    prop_oneof![
        4 => (0_u64..120_000).prop_map(Duration::from_millis),
        1 => Just(Duration::ZERO),
        1 => Just(Duration::MAX),
        1 => any,
    ]
}

fn jitter() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.0..=1.0, 1 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)]
}

#[test]
fn a_retry_after_on_the_page_of_a_gateway_repeats_no_refresh() {
    for status in [429, 503] {
        for (body, expected) in [("", true), (r#"{"message":["busy"]}"#, true), ("<html>busy</html>", false)]
        {
            let answer = response(status, &[("retry-after", "1")], body);
            let error = delegate().read(answer).unwrap_err().into();
            let refresh = FailedAttempt { repeatable: false, ..first_attempt(&error) };
            assert_eq!(RetryPolicy::new().wait_after(&refresh).is_some(), expected, "{status} {body}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_failure_decides_whether_an_attempt_is_retried(
        (error, again) in prop_oneof![transport_failure(), error_answer()],
        repeatable: bool,
        jitter in jitter(),
    ) {
        let attempt = FailedAttempt { repeatable, jitter, ..first_attempt(&error) };
        let expected = again == Always || again == IfRepeatable && repeatable;
        prop_assert_eq!(RetryPolicy::new().wait_after(&attempt).is_some(), expected);
        prop_assert_eq!(RetryPolicy::none().wait_after(&attempt), None);
    }

    #[test]
    fn a_back_off_is_a_part_of_a_bound_that_doubles_up_to_the_longest(
        attempts in 1_u32..=32,
        first in any::<u32>(),
        longest in any::<u32>(),
        part in 0.0..=1.0,
    ) {
        let (first, longest) = (Duration::from_millis(first.into()), Duration::from_millis(longest.into()));
        let policy = RetryPolicy::new().with_max_attempts(u32::MAX).with_waits(first, longest);
        let error = answered(503, None);
        let wait = |jitter| {
            policy.wait_after(&FailedAttempt { attempts, jitter, ..first_attempt(&error) }).unwrap()
        };
        let bound = (1..attempts).fold(first.min(longest), |bound, _| (bound * 2).min(longest));
        prop_assert_eq!(wait(0.0), Duration::ZERO);
        prop_assert_eq!(wait(1.0), bound);
        prop_assert!(wait(part).abs_diff(bound.mul_f64(part)) <= Duration::from_nanos(1));
        prop_assert_eq!((wait(-1.0), wait(2.0)), (Duration::ZERO, bound));
        prop_assert_eq!(wait(f64::NAN), bound);
    }

    #[test]
    fn a_retry_needs_attempts_and_time_left(
        attempts in 1_u32..6,
        max_attempts in 0_u32..9,
        retry_after in proptest::option::of(0_u64..60),
        took in 0_u64..40_000,
        left in 0_u64..100_000,
    ) {
        let (took, left) = (Duration::from_millis(took), Duration::from_millis(left));
        let error = answered(503, retry_after);
        let wait = Duration::from_millis(match retry_after {
            Some(seconds) => 1000 * seconds,
            None => 100 << attempts,
        });
        let attempt = FailedAttempt { attempts, took, left, ..first_attempt(&error) };
        let again = attempts < max_attempts && wait + took < left;
        let policy = RetryPolicy::new().with_max_attempts(max_attempts);
        prop_assert_eq!(policy.wait_after(&attempt), again.then_some(wait));
    }

    #[test]
    fn a_retry_after_counts_up_to_an_hour(
        seconds in prop_oneof![0_u64..7200, any::<u64>()],
        repeatable: bool,
        jitter in jitter(),
    ) {
        let error = answered(429, Some(seconds));
        let attempt = FailedAttempt { repeatable, jitter, ..first_attempt(&error) };
        let expected = Duration::from_secs(seconds.min(3600));
        prop_assert_eq!(RetryPolicy::new().wait_after(&attempt), Some(expected));
    }

    #[test]
    fn any_input_gives_a_wait_within_the_bounds(
        (error, _) in prop_oneof![transport_failure(), error_answer()],
        attempts: u32,
        max_attempts: u32,
        (first, longest) in (duration(), duration()),
        (took, left) in (duration(), duration()),
        repeatable: bool,
        jitter in jitter(),
    ) {
        let policy = RetryPolicy::new().with_max_attempts(max_attempts).with_waits(first, longest);
        let attempt = FailedAttempt { error: &error, attempts, repeatable, took, left, jitter };
        let wait = policy.wait_after(&attempt);
        prop_assert_eq!(wait, policy.wait_after(&attempt));
        if let Some(wait) = wait {
            prop_assert!(attempts < max_attempts);
            prop_assert!(wait.checked_add(took).is_some_and(|needed| needed < left));
            let named = error.retry_after().map(|named| named.min(Duration::from_secs(3600)));
            prop_assert!(named.map_or(wait <= longest, |named| wait == named));
        }
    }
}

#[test]
fn the_default_back_off_starts_at_200_ms_and_doubles_up_to_10_s() {
    let error = CallError::from(TransportError::connect("x"));
    let policy = RetryPolicy::default().with_max_attempts(u32::MAX);
    for (attempts, bound) in (1..).zip([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]) {
        let attempt = FailedAttempt { attempts, ..first_attempt(&error) };
        assert_eq!(policy.wait_after(&attempt), Some(Duration::from_millis(bound)));
    }
    let last = FailedAttempt { attempts: u32::MAX - 1, ..first_attempt(&error) };
    assert_eq!(policy.wait_after(&last), Some(Duration::from_secs(10)));
    let third = FailedAttempt { attempts: 3, ..first_attempt(&error) };
    assert_eq!(RetryPolicy::default().wait_after(&third), None);
}

#[test]
fn a_back_off_beyond_the_precision_of_a_float_stays_within_its_bound() {
    let error = CallError::from(TransportError::connect("x"));
    for longest in [Duration::MAX, Duration::from_secs((1 << 53) + 3)] {
        let policy = RetryPolicy::new().with_waits(longest, longest);
        for jitter in [1.0, 1.0 - f64::EPSILON, 0.5] {
            let attempt = FailedAttempt { jitter, ..first_attempt(&error) };
            assert!(policy.wait_after(&attempt).is_none_or(|wait| wait <= longest), "{longest:?} {jitter}");
        }
    }
}

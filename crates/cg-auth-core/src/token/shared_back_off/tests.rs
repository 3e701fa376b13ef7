use std::time::UNIX_EPOCH;

use super::*;
use crate::{
    endpoint::{Endpoint, GetDelegateAccessToken},
    model::{ApiCredential, UserPrincipalName},
    transport::TransportError,
};

const LIMIT: Duration = Duration::from_secs(300);

fn at(seconds: u64) -> Now {
    let passed = Duration::from_secs(seconds);
    Now::new(passed, UNIX_EPOCH + passed)
}

fn secret(text: &str) -> ClientSecret {
    ClientSecret::new(text).unwrap()
}

/// The error of an empty answer with `status`.
fn error(status: u16) -> CallError {
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    let endpoint = GetDelegateAccessToken::new(ApiCredential::new(secret("s3cret"), user));
    let mut answer = http::Response::new(crate::body::Body::empty());
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
    endpoint.read(answer).map(drop).unwrap_err().into()
}

/// A call fails, with the longest pause.
fn failed(
    back_off: &SharedBackOff,
    user: usize,
    grant: Grant,
    text: &str,
    error: &CallError,
    probe: Option<&Probe>,
    now: Now,
) {
    back_off.failed(&FailedCall { user, grant, secret: &secret(text), error, probe }, 1.0, now);
}

/// A call of `user` fails with the longest pause: a second for the first failure.
fn fail(back_off: &SharedBackOff, user: usize, text: &str, status: u16, now: Now) {
    failed(back_off, user, Grant::Credential, text, &error(status), None, now);
}

/// Three users fail at `now`, which begins an outage with a pause of a second.
fn go_down(back_off: &SharedBackOff, now: Now) {
    (1..=3).for_each(|user| fail(back_off, user, "a", 503, now));
}

fn probe(back_off: &Arc<SharedBackOff>, now: Now) -> Probe {
    match back_off.admit(Grant::Credential, false, LIMIT, now) {
        Admission::Go(Some(probe)) => probe,
        _ => panic!("no probe"),
    }
}

fn is_put_off(back_off: &Arc<SharedBackOff>, now: Now) -> bool {
    matches!(back_off.admit(Grant::Credential, false, LIMIT, now), Admission::PutOff(..))
}

fn is_admitted(back_off: &SharedBackOff, text: &str, now: Now) -> bool {
    back_off.admit_secret(&secret(text), now).is_ok()
}

#[test]
fn three_users_in_a_row_make_an_outage_unless_the_answers_are_about_their_requests() {
    for (status, is_down) in [
        (404, false),
        (409, false),
        (418, false),
        (408, true),
        (425, true),
        (429, true),
        (500, true),
        (503, true),
    ] {
        let back_off = Arc::<SharedBackOff>::default();
        for user in [1, 2, 2, 1] {
            fail(&back_off, user, "a", status, at(0));
        }
        assert!(!is_put_off(&back_off, at(0)), "{status}: two users");
        fail(&back_off, 3, "a", status, at(0));
        assert_eq!(is_put_off(&back_off, at(0)), is_down, "{status}");
    }
}

#[test]
fn a_probe_that_takes_too_long_is_lost_and_neither_fails_nor_frees_the_next_one() {
    let back_off = Arc::<SharedBackOff>::default();
    go_down(&back_off, at(0));
    let lost = probe(&back_off, at(1));
    assert!(is_put_off(&back_off, at(300)));
    let next = probe(&back_off, at(301));
    failed(&back_off, 1, Grant::Credential, "a", &error(503), Some(&lost), at(301));
    assert!(is_put_off(&back_off, at(400)), "the next one is under way");
    drop(lost);
    assert!(is_put_off(&back_off, at(400)));
    drop(next);
    assert!(!is_put_off(&back_off, at(400)));
}

#[test]
fn a_probe_that_fails_doubles_the_pause() {
    let back_off = Arc::<SharedBackOff>::default();
    go_down(&back_off, at(0));
    let mut now = 1;
    for pause in [2, 4, 8, 16, 32, 60, 60] {
        let probe = probe(&back_off, at(now));
        failed(&back_off, 1, Grant::Credential, "a", &error(503), Some(&probe), at(now));
        drop(probe);
        assert!(is_put_off(&back_off, at(now + pause - 1)), "{pause}");
        now += pause;
    }
    drop(probe(&back_off, at(now)));
}

#[test]
fn an_outage_and_a_probe_from_before_a_clear_change_nothing_after_it() {
    let back_off = Arc::<SharedBackOff>::default();
    fail(&back_off, 1, "a", 401, at(0));
    go_down(&back_off, at(0));
    let old = probe(&back_off, at(1));
    back_off.forget_failures();
    assert!(is_admitted(&back_off, "a", at(1)) && !is_put_off(&back_off, at(1)));
    go_down(&back_off, at(10));
    let new = probe(&back_off, at(11));
    drop(old);
    assert!(is_put_off(&back_off, at(11)), "the new probe is under way");
    drop(new);
    assert!(!is_put_off(&back_off, at(11)));
}

#[test]
fn a_refused_secret_is_sent_again_by_one_user_after_exactly_a_minute() {
    let back_off = SharedBackOff::default();
    fail(&back_off, 1, "a", 401, at(0));
    assert!(!is_admitted(&back_off, "a", at(59)));
    assert!(is_admitted(&back_off, "b", at(59)));
    assert!(is_admitted(&back_off, "a", at(60)));
    assert!(!is_admitted(&back_off, "a", at(60)), "the others wait for that user");
}

#[test]
fn a_token_ends_the_cool_down_of_the_secret_that_got_it_and_of_no_other() {
    let back_off = SharedBackOff::default();
    fail(&back_off, 1, "a", 401, at(0));
    back_off.succeeded(Grant::Credential, &secret("b"));
    assert!(!is_admitted(&back_off, "a", at(1)));
    back_off.succeeded(Grant::Credential, &secret("a"));
    assert!(is_admitted(&back_off, "a", at(1)));
}

#[test]
fn a_secret_that_was_accepted_counts_as_refused_after_three_users_in_a_row() {
    let back_off = SharedBackOff::default();
    back_off.succeeded(Grant::Credential, &secret("a"));
    for user in [1, 1, 2, 1] {
        fail(&back_off, user, "a", 401, at(0));
        assert!(is_admitted(&back_off, "a", at(0)));
    }
    fail(&back_off, 3, "a", 401, at(0));
    assert!(!is_admitted(&back_off, "a", at(0)));
}

/// Three calls with `grant` fail, with no answer if there is no status.
fn fail_three(back_off: &SharedBackOff, grant: Grant, status: Option<u16>) {
    let unreached = || TransportError::connect("no route").into();
    for user in 1..=3 {
        let error = status.map_or_else(unreached, error);
        failed(back_off, user, grant, "a", &error, None, at(0));
    }
}

/// Whether a user is put off who begins with the credential, one who begins with a refresh, and one who does so
/// while a token is valid.
fn put_off(back_off: &Arc<SharedBackOff>) -> [bool; 3] {
    [(Grant::Credential, false), (Grant::RefreshToken, false), (Grant::RefreshToken, true)].map(
        |(grant, has_token)| matches!(back_off.admit(grant, has_token, LIMIT, at(0)), Admission::PutOff(..)),
    )
}

#[test]
fn a_user_is_put_off_only_if_no_grant_is_left_to_it() {
    use Grant::{Credential, RefreshToken};
    for (failing, expected) in [
        (vec![], [false; 3]),
        (vec![(RefreshToken, Some(503))], [false, false, true]),
        (vec![(Credential, Some(503))], [true, false, false]),
        (vec![(Credential, Some(503)), (RefreshToken, Some(503))], [true; 3]),
        // A service that is not reached answers no grant.
        (vec![(RefreshToken, None)], [true; 3]),
        (vec![(Credential, None)], [true; 3]),
    ] {
        let back_off = Arc::<SharedBackOff>::default();
        failing.iter().for_each(|(grant, status)| fail_three(&back_off, *grant, *status));
        assert_eq!(put_off(&back_off), expected, "{failing:?}");
    }
}

#[test]
fn a_token_ends_the_outage_of_its_grant_and_that_of_a_service_that_was_not_reached() {
    use Grant::{Credential, RefreshToken};
    for (grant, status, expected) in [
        (Credential, Some(503), [false, false, true]),
        (RefreshToken, Some(503), [true, false, false]),
        (Credential, None, [false; 3]),
        (RefreshToken, None, [false; 3]),
    ] {
        let back_off = Arc::<SharedBackOff>::default();
        [Credential, RefreshToken].into_iter().for_each(|failing| fail_three(&back_off, failing, status));
        back_off.succeeded(grant, &secret("a"));
        assert_eq!(put_off(&back_off), expected, "{grant:?} {status:?}");
    }
}

#[test]
fn a_secret_that_was_accepted_stays_so_when_failures_are_forgotten() {
    let back_off = SharedBackOff::default();
    back_off.succeeded(Grant::Credential, &secret("a"));
    back_off.forget_failures();
    fail(&back_off, 1, "a", 401, at(0));
    assert!(is_admitted(&back_off, "a", at(0)));
}

#[test]
fn each_of_several_refused_secrets_is_remembered() {
    let back_off = SharedBackOff::default();
    let names: Vec<_> = (0..100).map(|number| format!("s{number}")).collect();
    names.iter().for_each(|name| fail(&back_off, 1, name, 401, at(0)));
    assert!(names.iter().all(|name| !is_admitted(&back_off, name, at(1))));
}

#[test]
fn the_number_of_remembered_secrets_is_bounded_and_the_one_refused_longest_ago_goes_first() {
    let back_off = SharedBackOff::default();
    let refuse = |name: &str| fail(&back_off, 1, name, 401, at(0));
    refuse("first");
    refuse("second");
    (0..254).for_each(|number| refuse(&format!("s{number}")));
    refuse("first");
    refuse("last");
    assert!(!is_admitted(&back_off, "first", at(1)));
    assert!(is_admitted(&back_off, "second", at(1)));
}

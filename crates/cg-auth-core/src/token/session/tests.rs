//! Tokens that the service hands out again until their end.

use std::time::UNIX_EPOCH;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Response, header::DATE};
use proptest::prelude::*;

use super::*;
use crate::body::Body;

const END: u64 = 1100;

/// A clock of this machine that shows something else than that of the service, `millis` after the service shows 1000.
fn at(millis: u64) -> Now {
    let passed = Duration::from_millis(millis);
    Now::new(Duration::from_secs(5) + passed, UNIX_EPOCH + Duration::from_secs(777) + passed)
}

fn session() -> Session {
    Session::with_seed(UserPrincipalName::new("someone@example.com").unwrap(), 1)
}

/// An acquisition that takes 20 ms and begins then. The answer shows the `Date`, if any, of the service.
fn acquire(session: &mut Session, millis: u64, date: Option<u64>) -> Next {
    let (Step::Start(id) | Step::ServeAndStart(_, id)) = session.step(at(millis)) else {
        panic!("nothing is due after {millis} ms")
    };
    acquire_between(session, id, at(millis), at(millis + 20), date)
}

fn acquire_between(
    session: &mut Session,
    id: AcquisitionId,
    sent: Now,
    received: Now,
    date: Option<u64>,
) -> Next {
    let secret = Ok(ClientSecret::new("s3cret").unwrap());
    let Next::Call(call) = session.begin(id, secret, sent) else { panic!("no call") };
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"iat":1000,"exp":{END}}}"#));
    let body = format!(r#"{{"value":{{"access_token":"e30.{claims}.c2ln","duration":0}},"isSuccess":true}}"#);
    let mut response = Response::new(Body::from(body));
    if let Some(date) = date {
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(date));
        response.headers_mut().insert(DATE, date.parse().unwrap());
    }
    let answer = call.endpoint().read(response).unwrap().sent_at(sent);
    session.finish(id, Ok(answer), received)
}

/// For how long the token is served, and when the next one is requested, in milliseconds.
fn end_and_request(session: &mut Session) -> (u64, u64) {
    let end = (0..200_000).step_by(10).find(|at_millis| {
        let now = at(*at_millis);
        session.held.as_ref().is_some_and(|held| now.monotonic() >= held.observed_at.monotonic())
            && session.valid_token(now).is_none()
    });
    let end = end.unwrap();
    (end, end + u64::try_from(session.until_replaced(at(end)).as_millis()).unwrap())
}

#[test]
fn one_answer_leaves_a_second_and_its_time_on_the_way() {
    let mut session = session();
    assert!(matches!(acquire(&mut session, 0, Some(1000)), Next::Done(Ok(_))));
    // As another process of the fleet has seen.
    session.held.as_mut().unwrap().is_handed_out_again = true;
    assert_eq!(end_and_request(&mut session), (99_000, 100_120));
}

#[test]
fn answers_at_different_parts_of_a_second_leave_less() {
    let mut session = session();
    // 0.0 s and 0.9 s after a full second of the service.
    assert!(matches!(acquire(&mut session, 0, Some(1000)), Next::Done(Ok(_))));
    assert!(matches!(acquire(&mut session, 95_900, Some(1095)), Next::Done(Ok(_))));
    let (end, request) = end_and_request(&mut session);
    assert_eq!(end, 99_900);
    assert!((100_000..100_250).contains(&request), "{request}");
}

#[test]
fn a_token_is_served_until_shortly_before_its_end() {
    let mut session = session();
    assert!(matches!(acquire(&mut session, 980, Some(1000)), Next::Done(Ok(_))));
    assert!(matches!(acquire(&mut session, 95_000, Some(1095)), Next::Done(Ok(_))));
    let (end, request) = end_and_request(&mut session);
    assert!((99_800..=99_900).contains(&end), "{end}");
    assert!((100_000..100_150).contains(&request), "{request}");
}

#[test]
fn a_clock_that_contradicts_itself_leaves_a_second() {
    let mut session = session();
    assert!(matches!(acquire(&mut session, 0, Some(1000)), Next::Done(Ok(_))));
    // The clock of another server, or one that was set.
    assert!(matches!(acquire(&mut session, 95_900, Some(1050)), Next::Done(Ok(_))));
    let (end, request) = end_and_request(&mut session);
    // 50 ms for a clock that runs faster, or slower, for 50 s.
    assert_eq!((end, request), (95_900 + 49_000 - 50, 95_900 + 50_000 + 20 + 50));
}

#[test]
fn without_the_clock_of_the_service_a_second_is_left() {
    let mut session = session();
    assert!(matches!(acquire(&mut session, 0, None), Next::Done(Ok(_))));
    assert!(matches!(acquire(&mut session, 95_900, None), Next::Done(Ok(_))));
    let (end, request) = end_and_request(&mut session);
    assert_eq!(request - end, 1120);
}

/// How long to wait after an answer with the old token and this `Date`, if the request is repeated.
fn repeats_after(session: &mut Session, grant: Grant, date: u64) -> Option<Duration> {
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"iat":1000,"exp":{END}}}"#));
    let body = format!(r#"{{"value":{{"access_token":"e30.{claims}.c2ln","duration":0}},"isSuccess":true}}"#);
    let mut response = Response::new(Body::from(body));
    let shown = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(date));
    response.headers_mut().insert(DATE, shown.parse().unwrap());
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    let credential = crate::model::ApiCredential::new(ClientSecret::new("s3cret").unwrap(), user);
    let endpoint = crate::endpoint::GetDelegateAccessToken::new(credential);
    // The wall clock of this machine is right here.
    let at = |millis: u64| {
        let passed = Duration::from_millis(millis);
        Now::new(Duration::from_secs(5) + passed, UNIX_EPOCH + Duration::from_secs(date) + passed)
    };
    let answer = crate::endpoint::Endpoint::read(&endpoint, response).unwrap().sent_at(at(0));
    session.repeats_after(grant, &answer, at(10))
}

#[test]
fn an_old_token_in_its_last_moments_is_asked_for_again_once_it_has_ended_for_certain() {
    let mut session = session();
    assert!(matches!(acquire(&mut session, 500, Some(1000)), Next::Done(Ok(_))));
    // The service has shown 1099 before the answer arrived.
    assert_eq!(repeats_after(&mut session, Grant::Credential, END - 1), Some(Duration::from_secs(1)));
    assert_eq!(repeats_after(&mut session, Grant::RefreshToken, END - 1), None);
    assert_eq!(repeats_after(&mut session, Grant::Credential, END - 50), None, "it is valid");
}

#[test]
fn an_old_token_that_ends_before_its_answer_is_sent_is_asked_for_again_at_once() {
    let mut session = session();
    assert_eq!(repeats_after(&mut session, Grant::Credential, END), None, "no token of this process");
    assert!(matches!(acquire(&mut session, 500, Some(1000)), Next::Done(Ok(_))));
    assert_eq!(repeats_after(&mut session, Grant::Credential, END), Some(Duration::ZERO));
}

proptest! {
    /// Whatever part of a second the service is at, however fast its clock is and however long its answers take.
    #[test]
    fn no_token_is_served_past_its_end_and_none_is_requested_before_it(
        phase in 0_u64..1_000_000,
        parts_per_million in -900_i64..900,
        answers in proptest::collection::vec((0_u64..30_000, 0_u64..900, 0_u64..900), 2..8),
    ) {
        // In microseconds since the service showed 1000.
        let shows = |micros: u64| {
            let drift = i64::try_from(micros).unwrap() * parts_per_million / 1_000_000;
            (micros + phase).saturating_add_signed(drift)
        };
        let at = |micros: u64| {
            let passed = Duration::from_micros(micros);
            Now::new(Duration::from_secs(5) + passed, UNIX_EPOCH + Duration::from_secs(777) + passed)
        };
        let has_ended = |micros: u64| shows(micros) >= (END - 1000) * 1_000_000;
        let (mut session, mut now) = (session(), 0);
        for (gap, there, back) in answers {
            let sent = now + gap * 1000;
            let (shown, received) = (sent + there * 1000, sent + (there + back) * 1000);
            if has_ended(received + 2_000_000) {
                break;
            }
            let id = session.start(Reason::Due, at(sent));
            let next = acquire_between(&mut session, id, at(sent), at(received), Some(1000 + shows(shown) / 1_000_000));
            prop_assert!(matches!(next, Next::Done(Ok(_))));
            now = received;
        }
        if !session.held.as_ref().is_some_and(|held| held.is_handed_out_again) {
            return Ok(());
        }
        while session.valid_token(at(now)).is_some() {
            prop_assert!(!has_ended(now), "served {now} microseconds after the beginning");
            now += 5_000;
        }
        let wait = session.until_replaced(at(now));
        let requested = now + u64::try_from(wait.as_micros()).unwrap() + 1;
        prop_assert!(has_ended(requested), "requested {requested} microseconds after the beginning");
        prop_assert!(wait <= Duration::from_secs(3), "{wait:?}");
    }
}

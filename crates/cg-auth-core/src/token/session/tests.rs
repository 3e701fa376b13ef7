//! Tokens that the service hands out again until their end.

use std::time::UNIX_EPOCH;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Response, header::DATE};

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
    let secret = Ok(ClientSecret::new("s3cret").unwrap());
    let Next::Call(call) = session.begin(id, secret, at(millis)) else { panic!("no call") };
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"iat":1000,"exp":{END}}}"#));
    let body = format!(r#"{{"value":{{"access_token":"e30.{claims}.c2ln","duration":0}},"isSuccess":true}}"#);
    let mut response = Response::new(Body::from(body));
    if let Some(date) = date {
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(date));
        response.headers_mut().insert(DATE, date.parse().unwrap());
    }
    let answer = call.endpoint().read(response).unwrap().sent_at(at(millis));
    session.finish(id, Ok(answer), at(millis + 20))
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
    assert_eq!(end_and_request(&mut session), (99_000, 100_020));
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
    assert_eq!((end, request), (95_900 + 49_000, 95_900 + 50_000 + 20));
}

#[test]
fn without_the_clock_of_the_service_a_second_is_left() {
    let mut session = session();
    assert!(matches!(acquire(&mut session, 0, None), Next::Done(Ok(_))));
    assert!(matches!(acquire(&mut session, 95_900, None), Next::Done(Ok(_))));
    let (end, request) = end_and_request(&mut session);
    assert_eq!(request - end, 1020);
}

#[test]
fn an_old_token_in_its_last_moments_is_asked_for_again_once_it_has_ended_for_certain() {
    let mut session = session();
    assert!(matches!(acquire(&mut session, 500, Some(1000)), Next::Done(Ok(_))));
    let body = format!(
        r#"{{"value":{{"access_token":"e30.{}.c2ln","duration":0}},"isSuccess":true}}"#,
        URL_SAFE_NO_PAD.encode(format!(r#"{{"iat":1000,"exp":{END}}}"#))
    );
    let mut response = Response::new(Body::from(body));
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(END - 1));
    response.headers_mut().insert(DATE, date.parse().unwrap());
    let credential = crate::model::ApiCredential::new(
        ClientSecret::new("s3cret").unwrap(),
        UserPrincipalName::new("someone@example.com").unwrap(),
    );
    let endpoint = crate::endpoint::GetDelegateAccessToken::new(credential);
    let answer = crate::endpoint::Endpoint::read(&endpoint, response).unwrap().sent_at(at(99_900));
    let wait = session.repeats_after(Grant::Credential, &answer, at(99_910)).unwrap();
    // Since 520 the service has shown 1000 at least, so it shows 1100 since 100,520, or a thousandth later.
    assert!((600..=720).contains(&wait.as_millis()), "{wait:?}");
    assert_eq!(session.repeats_after(Grant::RefreshToken, &answer, at(99_910)), None);
}

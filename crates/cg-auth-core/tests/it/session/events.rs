//! Names and fields of the events, which are a contract.

use std::time::{Duration, UNIX_EPOCH};

use cg_auth_core::{
    TokenError, UserPrincipalName,
    model::{AccessToken, DelegatedAccessToken},
    token::{
        DurationUnit, Event, Expiry, Grant, Reason,
        session::{AcquisitionId, Next},
    },
    transport::TransportError,
};

use super::{BUSY, HOUR, REFUSED, Reply, Rig, answer, issued_body, jwt};
use crate::support::{SECRET, USER};

/// The events since the last call, one line each.
fn lines(rig: &mut Rig) -> Vec<String> {
    rig.session.take_events().iter().map(line).collect()
}

fn line(event: &Event) -> String {
    let fields = event.fields().into_iter().map(|(name, value)| format!(" {name}={value}"));
    event.name().to_owned() + &fields.collect::<String>()
}

#[test]
fn every_event_has_its_name_and_fields() {
    let mut rig = Rig::new();

    // Reading the secret takes a second, the call half a second.
    let id = rig.start();
    rig.advance(1.0);
    let call = rig.call(id);
    let sent = rig.now();
    rig.advance(0.5);
    let body = issued_body("first", 60, Some("r1"));
    let reply = Reply::Whole(200, vec![("x-request-id", "id-1".into())], body);
    let now = rig.now();
    let Next::Done(Ok(token)) = rig.session.finish(id, answer(&call, &reply, sent), now) else { panic!() };
    assert_eq!(
        lines(&mut rig),
        ["token_acquired reason=missing grant=credential requests=1 took=1.5 lifetime=60 \
          expiry_source=duration request_id=id-1"]
    );

    assert!(rig.invalidate(&token));
    assert_eq!(lines(&mut rig), ["token_invalidated"]);

    rig.acquire(&Reply::Issued("first", 0, Some("r2")));
    assert_eq!(
        lines(&mut rig),
        [
            "same_token_again",
            "token_acquired reason=invalidated grant=refresh_token requests=1 took=0 expiry_source=unknown",
        ]
    );

    rig.clear();
    rig.acquire(&Reply::Issued("second", 60, Some("r3")));
    rig.event_names();
    rig.advance(55.0);
    let body = r#"{"code":"Busy","requestId":"id-2"}"#.to_owned();
    let _ = rig.acquisition(&Reply::Whole(429, vec![("retry-after", "2".into())], body));
    assert_eq!(
        lines(&mut rig),
        ["token_failed reason=due grant=refresh_token requests=1 took=0 kind=api \
          recovery=retry status=429 code=Busy error=the service answered 429 Too Many Requests \
          request_id=id-2 retry_in=2"]
    );

    rig.advance(5.0);
    let id = rig.start();
    let call = rig.call(id);
    let _ = rig.finish(id, &call, &Reply::Status(500, None));
    assert_eq!(lines(&mut rig), ["refresh_token_dropped refused=false"]);
    let _ = rig.finish(id, &call, &Reply::Status(503, Some("9")));
    assert_eq!(
        lines(&mut rig),
        ["token_failed reason=expired grant=credential requests=2 took=0 kind=api \
          recovery=retry status=503 error=the service answered 503 Service Unavailable retry_in=9"]
    );

    rig.advance(9.0);
    let id = rig.start();
    rig.advance(0.25);
    rig.abandon(id);
    assert_eq!(lines(&mut rig), ["acquisition_abandoned reason=expired requests=0 took=0.25"]);
}

#[test]
fn a_superseded_acquisition_is_reported_like_an_abandoned_one() {
    let ends: [fn(&mut Rig, AcquisitionId); 5] = [
        |rig, id| rig.abandon(id),
        |rig, _| rig.clear(),
        |rig, _| rig.replace_secret(),
        |rig, _| drop(rig.take_tokens()),
        |rig, _| {
            let token = DelegatedAccessToken::new(AccessToken::new("seeded").unwrap(), None);
            let now = rig.now();
            rig.session.seed(token, Expiry::UNKNOWN, now);
        },
    ];
    for end in ends {
        let mut rig = Rig::new();
        rig.acquire(&Reply::Issued("first", 60, Some("r1")));
        rig.advance(55.0);
        rig.event_names();
        let id = rig.start();
        let call = rig.call(id);
        let _ = rig.finish(id, &call, &Reply::Status(500, None));
        rig.advance(1.5);
        assert_eq!(lines(&mut rig), ["refresh_token_dropped refused=false"]);
        end(&mut rig, id);
        assert_eq!(
            lines(&mut rig),
            ["acquisition_abandoned reason=due grant=credential requests=1 took=1.5"]
        );
        end(&mut rig, id);
        assert_eq!(rig.event_names(), [""; 0], "the acquisition has ended already");
    }
}

#[test]
fn a_failure_without_a_request_names_no_grant() {
    let mut rig = Rig::new();
    let id = rig.start();
    let now = rig.now();
    let _ = rig.session.begin(id, Err(TokenError::secret("the vault is sealed")), now);
    let [events] = &lines(&mut rig)[..] else { panic!() };
    let begin = "token_failed reason=missing requests=0 took=0 kind=secret recovery=fix_configuration \
         error=cannot read the client secret: the vault is sealed retry_in=0.";
    assert!(events.starts_with(begin), "{events}");

    let mut rig = Rig::new();
    let id = rig.start();
    let _ = rig.panicked(id);
    let [events] = &lines(&mut rig)[..] else { panic!() };
    let begin = "token_failed reason=missing requests=0 took=0 kind=lost recovery=retry \
                 error=the token acquisition ended in a panic retry_in=0.";
    assert!(events.starts_with(begin), "{events}");
}

#[test]
fn a_failure_tells_its_whole_chain_of_causes_and_names_its_kind() {
    let page = Reply::Whole(403, vec![], "<html>".into());
    let sealed = TransportError::tls(std::io::Error::other("certificate of another host"));
    for (reply, fields) in [
        (page, ["kind=api recovery=fix_configuration status=403 ", "403 Forbidden: the body is not one of"]),
        (
            Reply::Unsent(sealed),
            ["kind=transport recovery=retry ", ": certificate of another host retry_in="],
        ),
        (REFUSED, ["kind=api recovery=replace_credential status=401 ", "401 Unauthorized retry_in="]),
        (
            Reply::Status(302, None),
            ["kind=protocol recovery=fix_configuration status=302 ", "check the base URL"],
        ),
    ] {
        let mut rig = Rig::new();
        let _ = rig.acquisition(&reply);
        let [line] = &lines(&mut rig)[..] else { panic!() };
        assert!(fields.iter().all(|field| line.contains(field)), "{line}");
    }
}

#[test]
fn a_code_that_is_too_long_for_a_log_is_left_out() {
    let code = |length: usize| {
        let mut rig = Rig::new();
        let body = format!(r#"{{"code":"{0}","requestId":"{0}"}}"#, "x".repeat(length));
        let _ = rig.acquisition(&Reply::Whole(500, vec![], body));
        let [line] = &lines(&mut rig)[..] else { panic!() };
        (line.contains(" code=x"), line.contains(" request_id=x"))
    };
    assert_eq!([code(128), code(129)], [(true, true), (false, false)]);
}

#[test]
fn the_fields_of_an_event_in_a_pool_begin_with_the_user() {
    let mut rig = Rig::new();
    let _ = rig.acquisition(&BUSY);
    let [event] = &rig.session.take_events()[..] else { panic!() };
    let user = rig.session.user_principal_name();
    let (first, others) = (("user", USER.to_owned()), event.fields());
    assert_eq!(event.fields_of(user), [vec![first], others].concat());
}

#[test]
fn the_state_has_the_last_error_and_its_moment_also_after_a_success() {
    let mut rig = Rig::new();
    let state = rig.session.state(rig.now());
    assert_eq!(state.user_principal_name.as_str(), USER);
    assert!(state.last_error.is_none() && state.retry_in.is_none());

    let failed_at = rig.now().wall();
    let _ = rig.acquisition(&Reply::Status(503, Some("9")));
    rig.advance(4.0);
    let state = rig.session.state(rig.now());
    let (error, at) = state.last_error.unwrap();
    assert_eq!((error.as_call().unwrap().status().unwrap().as_u16(), at), (503, failed_at));
    assert_eq!(state.retry_in, Some(Duration::from_secs(5)));

    rig.advance(5.0);
    rig.acquire(&HOUR);
    let state = rig.session.state(rig.now());
    assert_eq!((state.failures, state.retry_in), (0, None));
    assert_eq!(state.last_error.unwrap().1, failed_at);
    rig.clear();
    assert!(rig.session.state(rig.now()).last_error.is_none());
}

#[test]
fn a_refusal_is_reported_once_and_not_each_time_its_secret_is_read() {
    let mut rig = Rig::new();
    let _ = rig.acquisition(&REFUSED);
    assert_eq!(rig.event_names(), ["token_failed"]);
    for _ in 0..20 {
        rig.advance(2.0);
        let id = rig.start();
        assert!(matches!(rig.begin(id), Next::Done(Err(_))));
        assert_eq!(rig.event_names(), [""; 0]);
    }
}

#[test]
fn a_dropped_refresh_token_says_whether_it_was_refused_and_the_second_refusal_switches_off() {
    let mut rig = Rig::new();
    rig.acquire(&Reply::Issued("first", 60, Some("r1")));
    rig.advance(60.0);
    for events in [
        &["refresh_token_dropped refused=true"][..],
        &[
            "refresh_token_dropped refused=true",
            "refresh_switched_off likely_causes=a proxy drops headers whose name has an underscore, as nginx \
             does by default; or another process uses the same user",
        ],
    ] {
        rig.event_names();
        let id = rig.start();
        let call = rig.call(id);
        let _ = rig.finish(id, &call, &REFUSED);
        assert_eq!(lines(&mut rig), events);
        let _ = rig.finish(id, &call, &Reply::Issued("another", 60, Some("r2")));
        rig.advance(60.0);
    }
}

#[test]
fn a_request_that_was_never_made_is_not_counted() {
    let unsent = |error| {
        let mut rig = Rig::new();
        let id = rig.start();
        let _ = rig.call(id);
        let now = rig.now();
        let _ = rig.session.finish(id, Err(error), now);
        let [Event::Failed { requests, .. }] = rig.session.take_events()[..] else { panic!() };
        requests
    };
    assert_eq!(unsent(UserPrincipalName::new("").unwrap_err().into()), 0);
    assert_eq!(unsent(TransportError::config("x").into()), 0);
    assert_eq!(unsent(TransportError::connect("x").into()), 1);
}

#[test]
fn a_duration_that_contradicts_the_claims_is_reported_once() {
    let an_hour = |rig: &Rig| {
        let now = rig.now().wall().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        jwt(now, now + 3600)
    };
    let mut rig = Rig::new();
    for (events, duration) in
        [(vec!["duration_mismatch duration=60 lifetime=3600"], 60), (vec![], 60), (vec![], 3600)]
    {
        let reply = Reply::Whole(200, vec![], issued_body(&an_hour(&rig), duration, None));
        rig.acquire(&reply);
        let mut lines = lines(&mut rig);
        assert!(lines.pop().unwrap().ends_with("lifetime=3600 expiry_source=jwt_claims"));
        assert_eq!(lines, events);
        rig.clear();
    }
    // In the right unit the duration fits.
    let mut rig = Rig::new();
    rig.session = rig.session.with_duration_unit(DurationUnit::Minutes);
    rig.acquire(&Reply::Whole(200, vec![], issued_body(&an_hour(&rig), 60, None)));
    assert_eq!(rig.event_names(), ["token_acquired"]);
}

#[test]
fn a_request_id_is_redacted_and_left_out_if_it_is_too_long() {
    let long = "x".repeat(129);
    for (id, shown) in [
        ("0HN-7", Some("0HN-7")),
        (&long[..128], Some(&long[..128])),
        (&long[..], None),
        (SECRET, Some("[redacted]")),
        (&format!("id {SECRET}"), Some("id [redacted]")),
        ("acc3ss-token", Some("[redacted]")),
        ("new-refresh-token", Some("[redacted]")),
        ("sent-refresh-token", Some("[redacted]")),
    ] {
        let mut rig = Rig::new();
        rig.acquire(&Reply::Issued("first", 60, Some("sent-refresh-token")));
        rig.advance(60.0);
        rig.event_names();
        let body = issued_body("acc3ss-token", 60, Some("new-refresh-token"));
        rig.acquire(&Reply::Whole(200, vec![("x-request-id", id.to_owned())], body));
        let [Event::Acquired { request_id, .. }] = &rig.session.take_events()[..] else { panic!() };
        assert_eq!(request_id.as_deref(), shown, "{id}");
    }
}

#[test]
fn events_are_taken_once_and_survive_a_new_generation() {
    let mut rig = Rig::new();
    let _ = rig.acquisition(&BUSY);
    rig.clear();
    rig.acquire(&HOUR);
    assert_eq!(rig.event_names(), ["token_failed", "token_acquired"]);
    assert_eq!(rig.event_names(), [""; 0]);
}

#[test]
fn reasons_and_grants_are_short_stable_words() {
    let reasons = [Reason::Missing, Reason::Due, Reason::Expired, Reason::Invalidated];
    assert_eq!(reasons.map(Reason::as_str), ["missing", "due", "expired", "invalidated"]);
    assert!(reasons.iter().all(|reason| reason.to_string() == reason.as_str()));
    let grants = [Grant::Credential, Grant::RefreshToken];
    assert_eq!(grants.map(Grant::as_str), ["credential", "refresh_token"]);
    assert!(grants.iter().all(|grant| grant.to_string() == grant.as_str()));
}

//! A failed refresh: what happens to the refresh token, and how the acquisition goes on.

use cg_auth_core::{
    CallError,
    body::BodyCollector,
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    token::{
        Expiry,
        session::{Next, Phase},
    },
    transport::TransportError,
};
use http::StatusCode;

use super::{BUSY, REFUSED, Reply, Rig, came_to, expired_on_arrival, issued_body, sent_refresh_token};

/// A rig with an expired token and this refresh token.
fn expired(refresh_token: &'static str) -> Rig {
    let mut rig = Rig::new();
    rig.acquire(&Reply::Issued("first", 60, Some(refresh_token)));
    rig.advance(60.0);
    rig.event_names();
    rig
}

/// Fails a refresh with `reply`; returns the outcome and the events.
fn refresh(rig: &mut Rig, reply: &Reply) -> (Next, Vec<&'static str>) {
    let next = rig.acquisition(reply);
    (next, rig.event_names())
}

/// A whole acquisition: the refresh is answered with `reply`, the credential with a new token.
fn refresh_then_delegate(rig: &mut Rig, reply: &Reply, refresh_token: &'static str) -> Vec<&'static str> {
    let id = rig.start();
    let call = rig.call(id);
    assert!(sent_refresh_token(&call).is_some());
    let Next::Call(call) = rig.finish(id, &call, reply) else { panic!("{reply:?} ends the acquisition") };
    assert_eq!(sent_refresh_token(&call), None);
    let next = rig.finish(id, &call, &Reply::Issued("another", 60, Some(refresh_token)));
    assert_eq!(came_to(&next), "token");
    rig.advance(60.0);
    rig.event_names()
}

/// The refresh token that the next acquisition sends.
fn next_sent(rig: &mut Rig) -> Option<String> {
    let id = rig.start();
    let call = rig.call(id);
    sent_refresh_token(&call)
}

#[test]
fn a_refused_refresh_token_is_dropped_and_the_credential_used_in_the_same_acquisition() {
    let says_no = Reply::Whole(200, vec![], r#"{"isSuccess":false,"errorMsg":"no"}"#.into());
    let statuses = (400..500).filter(|status| ![408, 425, 429].contains(status));
    for reply in statuses.map(|status| Reply::Status(status, Some("9"))).chain([says_no]) {
        let mut rig = expired("r1");
        let (next, events) = refresh(&mut rig, &reply);
        assert_eq!(
            (came_to(&next).as_str(), events),
            ("call credential", vec!["refresh_token_dropped"]),
            "{reply:?}"
        );
        assert!(!rig.session.state(rig.now()).has_refresh_token);
    }
}

#[test]
fn a_refresh_token_that_may_have_been_spent_is_dropped_and_the_credential_used() {
    let too_large = BodyCollector::new(0).push(b"x").unwrap_err();
    let statuses = (500..600).filter(|status| *status != 503).map(|status| Reply::Status(status, Some("9")));
    let unreadable = ["", "<!doctype html>", r#"{"isSuccess":true}"#, r#"{"value":{},"isSuccess":true}"#]
        .map(|body| Reply::Whole(200, vec![], body.into()));
    let broken =
        [TransportError::closed("x"), TransportError::malformed("x"), TransportError::too_large(too_large)];
    for reply in statuses.chain(unreadable).chain(broken.map(Reply::Unsent)) {
        let mut rig = expired("r1");
        let (next, events) = refresh(&mut rig, &reply);
        assert_eq!(
            (came_to(&next).as_str(), events),
            ("call credential", vec!["refresh_token_dropped"]),
            "{reply:?}"
        );
    }
}

#[test]
fn a_refresh_token_that_the_service_did_not_see_is_kept_for_after_the_back_off() {
    let statuses = [300, 301, 302, 303, 307, 308];
    let unsent = [
        TransportError::config("x"),
        TransportError::connect("x"),
        TransportError::tls("x"),
        TransportError::refused_certificate("x"),
        TransportError::closed_before_sending("x"),
    ];
    let replies = statuses.map(|status| Reply::Status(status, None)).into_iter();
    for reply in replies.chain(unsent.map(Reply::Unsent)) {
        let mut rig = expired("r1");
        let (next, events) = refresh(&mut rig, &reply);
        assert_eq!((came_to(&next).as_str(), events), ("call", vec!["token_failed"]), "{reply:?}");
        assert_eq!(rig.stepped(), "fail", "{reply:?}");
        rig.advance(1.0);
        assert_eq!(next_sent(&mut rig).as_deref(), Some("r1"), "{reply:?}");
    }
}

#[test]
fn while_a_token_is_valid_a_refresh_that_is_too_early_is_repeated_after_the_back_off() {
    for status in [408, 425, 429, 503] {
        for age in [50.0, 57.0] {
            let mut rig = Rig::new();
            rig.acquire(&Reply::Issued("first", 60, Some("r1")));
            rig.advance(age);
            rig.event_names();
            let (next, events) = refresh(&mut rig, &Reply::Status(status, None));
            assert_eq!((came_to(&next).as_str(), events), ("call", vec!["token_failed"]), "{status}");
            assert_eq!(rig.stepped(), "serve", "{status}");
            rig.advance(1.0);
            assert_eq!(next_sent(&mut rig).as_deref(), Some("r1"), "{status}");
        }
    }
}

#[test]
fn once_no_token_is_valid_a_refresh_that_is_too_early_is_followed_by_the_credential() {
    for (status, after) in [(408, None), (425, None), (429, Some("3600")), (503, None), (503, Some("3600"))] {
        let mut rig = expired("r1");
        let id = rig.start();
        let call = rig.call(id);
        let Next::Call(call) = rig.finish(id, &call, &Reply::Status(status, after)) else {
            panic!("{status} ends the acquisition")
        };
        assert_eq!(sent_refresh_token(&call), None);
        assert!(rig.session.state(rig.now()).has_refresh_token, "{status}: it is kept");
        // Without a new refresh token the old one is used again, but not before the service wants it.
        let next = rig.finish(id, &call, &Reply::Issued("another", 60, None));
        assert_eq!(came_to(&next), "token");
    }
}

#[test]
fn a_token_that_expires_during_the_pause_of_the_refresh_is_replaced_at_once() {
    for reply in [Reply::Status(429, Some("3600")), Reply::Status(503, Some("60"))] {
        let mut rig = Rig::new();
        rig.acquire(&Reply::Issued("first", 30, Some("r1")));
        for _ in 0..5 {
            rig.advance(26.0);
            let id = rig.start();
            let call = rig.call(id);
            match sent_refresh_token(&call) {
                Some(_) => {
                    assert_eq!(came_to(&rig.finish(id, &call, &reply)), "call");
                    rig.advance(3.9);
                    assert_eq!(rig.stepped(), "serve");
                    rig.advance(0.1);
                    assert_eq!(came_to(&rig.acquisition(&Reply::Issued("next", 30, Some("r2")))), "token");
                }
                // The refresh is still paused, so a renewal in time uses the credential.
                None => assert_eq!(
                    came_to(&rig.finish(id, &call, &Reply::Issued("next", 30, Some("r3")))),
                    "token"
                ),
            }
        }
    }
}

#[test]
fn a_refresh_token_is_sent_again_once_the_pause_that_the_service_names_is_over() {
    let mut rig = expired("r1");
    let id = rig.start();
    let call = rig.call(id);
    let Next::Call(call) = rig.finish(id, &call, &Reply::Status(429, Some("100"))) else { panic!() };
    let _ = rig.finish(id, &call, &Reply::Issued("second", 60, Some("r2")));
    rig.advance(60.0);
    let id = rig.start();
    let call = rig.call(id);
    assert_eq!(sent_refresh_token(&call), None);
    let _ = rig.finish(id, &call, &Reply::Issued("third", 40, Some("r3")));
    rig.advance(40.0);
    assert_eq!(next_sent(&mut rig).as_deref(), Some("r3"));
}

#[test]
fn the_state_tells_the_pause_of_the_refresh_only_while_a_token_is_valid() {
    let mut rig = Rig::new();
    rig.acquire(&Reply::Issued("first", 60, Some("r1")));
    rig.advance(50.0);
    let _ = refresh(&mut rig, &Reply::Status(429, Some("3600")));
    rig.advance(9.0);
    let retry_in = rig.session.state(rig.now()).retry_in;
    assert_eq!(retry_in, Some(std::time::Duration::from_secs(3591)));
    rig.advance(1.0);
    let state = rig.session.state(rig.now());
    assert_eq!(
        (state.phase, state.retry_in),
        (Some(Phase::Expired), None),
        "the next call uses the credential"
    );
}

#[test]
fn a_report_of_a_refused_token_ends_the_pause_of_the_refresh_for_the_credential() {
    let mut rig = Rig::new();
    let token = rig.acquire(&Reply::Issued("first", 60, Some("r1")));
    rig.advance(50.0);
    assert_eq!(came_to(&refresh(&mut rig, &Reply::Status(429, Some("3600"))).0), "call");
    assert_eq!(rig.stepped(), "serve");
    assert!(rig.invalidate(&token));
    assert_eq!(next_sent(&mut rig), None);
}

#[test]
fn in_an_outage_each_acquisition_ends_with_the_failure_of_the_credential() {
    let mut rig = expired("r1");
    for _ in 0..7 {
        let id = rig.start();
        let mut call = rig.call(id);
        if sent_refresh_token(&call).is_some() {
            let Next::Call(next) = rig.finish(id, &call, &BUSY) else { panic!("the credential is left") };
            call = next;
        }
        assert_eq!(sent_refresh_token(&call), None);
        assert_eq!(came_to(&rig.finish(id, &call, &BUSY)), "call");
        assert_eq!(rig.event_names(), ["token_failed"]);
        rig.advance(60.0);
    }
    assert_eq!(rig.session.state(rig.now()).failures, 7);
    assert_eq!(next_sent(&mut rig).as_deref(), Some("r1"));
}

#[test]
fn a_successful_refresh_or_a_new_secret_ends_the_pause_of_the_refresh() {
    let mut rig = expired("r1");
    refresh_then_delegate(&mut rig, &Reply::Status(503, Some("3600")), "r2");
    assert_eq!(next_sent(&mut rig), None, "the new refresh token has to wait too");
    rig.replace_secret();
    assert_eq!(next_sent(&mut rig).as_deref(), Some("r2"));
}

#[test]
fn a_credential_that_is_refused_after_the_refresh_token_ends_the_acquisition() {
    let mut rig = expired("r1");
    let id = rig.start();
    let call = rig.call(id);
    let Next::Call(call) = rig.finish(id, &call, &REFUSED) else { panic!("the credential is not used") };
    let Next::Done(Err(error)) = rig.finish(id, &call, &REFUSED) else { panic!("the acquisition goes on") };
    assert_eq!(error.as_call().and_then(CallError::status), Some(StatusCode::UNAUTHORIZED));
    assert_eq!(rig.event_names(), ["refresh_token_dropped", "token_failed"]);
}

#[test]
fn two_refusals_of_fresh_refresh_tokens_in_a_row_switch_the_grant_off() {
    for refused in [REFUSED, Reply::Whole(200, vec![], r#"{"isSuccess":false}"#.into())] {
        let mut rig = expired("r1");
        let events = refresh_then_delegate(&mut rig, &refused, "r2");
        assert_eq!(events, ["refresh_token_dropped", "token_acquired"]);
        let events = refresh_then_delegate(&mut rig, &refused, "r3");
        assert_eq!(events, ["refresh_token_dropped", "refresh_switched_off", "token_acquired"]);
        assert!(!rig.session.state(rig.now()).has_refresh_token);
        for _ in 0..3 {
            let id = rig.start();
            let call = rig.call(id);
            assert_eq!(sent_refresh_token(&call), None);
            let _ = rig.finish(id, &call, &Reply::Issued("another", 60, Some("r4")));
            rig.advance(60.0);
        }
    }
}

#[test]
fn a_successful_refresh_resets_the_count_of_refusals() {
    let mut rig = expired("r1");
    refresh_then_delegate(&mut rig, &REFUSED, "r2");
    rig.acquire(&Reply::Issued("refreshed", 60, Some("r3")));
    rig.advance(60.0);
    refresh_then_delegate(&mut rig, &REFUSED, "r4");
    assert_eq!(next_sent(&mut rig).as_deref(), Some("r4"));
}

#[test]
fn only_refusals_of_refresh_tokens_that_were_never_sent_before_count() {
    // A lost refresh token shows nothing about the grant.
    let mut rig = expired("r1");
    for _ in 0..4 {
        let events = refresh_then_delegate(&mut rig, &Reply::Status(500, None), "again");
        assert_eq!(events, ["refresh_token_dropped", "token_acquired"]);
    }
    // The service may have consumed a refresh token that was sent before, so its refusal does not count.
    for _ in 0..4 {
        let id = rig.start();
        let call = rig.call(id);
        let Next::Call(call) = rig.finish(id, &call, &BUSY) else { panic!("the credential is left") };
        let _ = rig.finish(id, &call, &BUSY);
        rig.advance(60.0);
        rig.event_names();
        let events = refresh_then_delegate(&mut rig, &REFUSED, "r");
        assert_eq!(events, ["refresh_token_dropped", "token_acquired"]);
    }
    // The refusal of a refresh token that was used many times does not count either.
    rig.acquire(&Reply::Issued("refreshed", 60, Some("r")));
    rig.advance(60.0);
    refresh_then_delegate(&mut rig, &REFUSED, "r");
    refresh_then_delegate(&mut rig, &REFUSED, "r");
    assert_eq!(next_sent(&mut rig).as_deref(), Some("r"));
}

#[test]
fn a_new_generation_switches_the_grant_on_again() {
    let begin_generation: [fn(&mut Rig); 3] = [
        |rig| {
            let token = DelegatedAccessToken::new(
                AccessToken::new("seeded").unwrap(),
                Some(RefreshToken::new("r9").unwrap()),
            );
            let now = rig.now();
            rig.session.seed(token, Expiry::until(now.wall(), now), now);
        },
        |rig| {
            rig.clear();
            rig.acquire(&Reply::Issued("another", 60, Some("r9")));
            rig.advance(60.0);
        },
        |rig| {
            rig.replace_secret();
            // The provider kept the refresh token while the grant was switched off.
            assert!(rig.session.state(rig.now()).has_refresh_token);
        },
    ];
    for begin_generation in begin_generation {
        let mut rig = expired("r1");
        refresh_then_delegate(&mut rig, &REFUSED, "r2");
        refresh_then_delegate(&mut rig, &REFUSED, "r9");
        begin_generation(&mut rig);
        assert_eq!(next_sent(&mut rig).as_deref(), Some("r9"));
    }
}

#[test]
fn each_refresh_sends_the_refresh_token_of_the_last_answer() {
    let mut rig = expired("r1");
    for (sent, given) in
        [("r1", Some("r2")), ("r2", None), ("r2", Some("r2")), ("r2", Some("r3")), ("r3", None)]
    {
        let id = rig.start();
        let call = rig.call(id);
        assert_eq!(sent_refresh_token(&call).as_deref(), Some(sent));
        let next = rig.finish(id, &call, &Reply::Issued("next", 60, given));
        assert_eq!(came_to(&next), "token");
        rig.advance(60.0);
    }
}

#[test]
fn a_token_that_has_expired_on_arrival_is_a_failure_and_its_refresh_token_is_kept() {
    let mut rig = Rig::new();
    let Reply::Whole(status, headers, _) = expired_on_arrival(None) else { panic!() };
    let body = issued_body(&super::jwt(0, 3600), 3600, Some("r1"));
    let next = rig.acquisition(&Reply::Whole(status, headers, body));
    assert_eq!(came_to(&next), "expired_on_arrival");
    assert_eq!(rig.stepped(), "fail");
    rig.advance(1.0);
    assert_eq!(next_sent(&mut rig).as_deref(), Some("r1"));
}

#[test]
fn after_a_report_the_refresh_token_is_preferred() {
    let mut rig = Rig::new();
    let token = rig.acquire(&Reply::Issued("first", 3600, Some("r1")));
    assert!(rig.invalidate(&token));
    assert_eq!(next_sent(&mut rig).as_deref(), Some("r1"));
}

#[test]
fn a_page_of_a_gateway_costs_the_refresh_token_and_never_the_grant() {
    let mut rig = expired("r1");
    for status in [403, 503, 403, 429] {
        let page = Reply::Whole(status, vec![], "<html><title>Blocked</title>".into());
        let events = refresh_then_delegate(&mut rig, &page, "again");
        assert_eq!(events, ["refresh_token_dropped", "token_acquired"]);
    }
    assert_eq!(next_sent(&mut rig).as_deref(), Some("again"));
}

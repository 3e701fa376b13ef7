//! New generations, which an old acquisition cannot change.

use std::time::Duration;

use cg_auth_core::{
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    token::{
        Expiry, ExpirySource,
        session::{Next, Phase},
    },
};

use super::{HOUR, REFUSED, Reply, Rig, came_to, expired_on_arrival, sent_refresh_token};
use crate::support::SECRET;

fn stored(text: &str, refresh_token: Option<&str>) -> DelegatedAccessToken {
    let refresh_token = refresh_token.map(|text| RefreshToken::new(text).unwrap());
    DelegatedAccessToken::new(AccessToken::new(text).unwrap(), refresh_token)
}

fn seed(rig: &mut Rig, text: &str, refresh_token: Option<&str>, left: u64) {
    let now = rig.now();
    let expiry = Expiry::until(now.wall() + Duration::from_secs(left), now);
    rig.session.seed(stored(text, refresh_token), expiry, now);
}

#[test]
fn an_acquisition_of_an_old_generation_changes_nothing() {
    let begin_generation: [(_, fn(&mut _)); 4] = [
        ("seed", |rig| seed(rig, "seeded", None, 3600)),
        ("clear", |rig| rig.clear()),
        ("replace_secret", |rig| rig.replace_secret()),
        ("take_tokens", |rig| drop(rig.take_tokens())),
    ];
    let replies = [Reply::Issued("stolen", 3600, Some("stolen")), REFUSED, Reply::Status(500, None)];
    for ((name, begin_generation), reply) in
        begin_generation.into_iter().flat_map(|way| replies.clone().map(|reply| (way, reply)))
    {
        let mut rig = Rig::new();
        let id = rig.start();
        let call = rig.call(id);
        let generation = rig.session.generation();
        begin_generation(&mut rig);
        assert_eq!(rig.session.generation(), generation + 1, "{name}");
        assert_eq!(rig.event_names(), ["acquisition_abandoned"], "{name}");
        assert_eq!(came_to(&rig.begin(id)), "superseded", "{name}");
        assert_eq!(came_to(&rig.finish(id, &call, &reply)), "superseded", "{name}");
        assert_eq!(came_to(&rig.panicked(id)), "superseded", "{name}");
        rig.abandon(id);
        assert_eq!(rig.event_names(), [""; 0], "{name}");
        let state = rig.session.state(rig.now());
        assert_eq!((state.failures, state.has_refresh_token), (0, false), "{name}");
        assert_ne!(rig.snapshot_serves().as_deref(), Some("stolen"), "{name}");
        // The old acquisition does not end the new one either.
        if name != "seed" {
            let next = rig.start();
            assert_ne!(next, id);
            assert_eq!(came_to(&rig.panicked(id)), "superseded", "{name}");
            assert_eq!(rig.stepped(), "wait", "{name}");
        }
    }
}

#[test]
fn a_refresh_token_that_was_on_the_wire_is_not_used_again() {
    let ends: [(_, fn(&mut _, _)); 3] = [
        ("abandon", |rig: &mut Rig, id| rig.abandon(id)),
        ("panicked", |rig, id| drop(rig.panicked(id))),
        ("replace_secret", |rig, _| rig.replace_secret()),
    ];
    for (name, end) in ends {
        let mut rig = Rig::new();
        rig.acquire(&Reply::Issued("first", 60, Some("r1")));
        rig.advance(60.0);
        let id = rig.start();
        let call = rig.call(id);
        assert_eq!(sent_refresh_token(&call).as_deref(), Some("r1"));
        end(&mut rig, id);
        rig.advance(1.0);
        let id = rig.start();
        let call = rig.call(id);
        assert_eq!(sent_refresh_token(&call), None, "{name}");
    }
}

#[test]
fn a_refresh_token_on_the_wire_is_not_handed_out() {
    let mut rig = Rig::new();
    rig.acquire(&Reply::Issued("first", 60, Some("r1")));
    rig.advance(55.0);
    let id = rig.start();
    let call = rig.call(id);
    assert_eq!(sent_refresh_token(&call).as_deref(), Some("r1"));
    let (token, expiry) = rig.take_tokens().unwrap();
    assert_eq!((token.access_token().expose_secret(), token.refresh_token()), ("first", None));
    assert!(!expiry.is_expired(rig.now()));
}

#[test]
fn a_refresh_token_that_was_not_sent_survives_its_acquisition() {
    let mut rig = Rig::new();
    rig.acquire(&Reply::Issued("first", 60, Some("r1")));
    rig.advance(60.0);
    let id = rig.start();
    rig.abandon(id);
    let id = rig.start();
    let _ = rig.panicked(id);
    rig.advance(1.0);
    let _ = rig.start();
    rig.replace_secret();
    let id = rig.start();
    let call = rig.call(id);
    assert_eq!(sent_refresh_token(&call).as_deref(), Some("r1"));
}

#[test]
fn a_new_secret_ends_the_back_off_and_keeps_the_token() {
    let mut rig = Rig::new();
    rig.acquire(&HOUR);
    rig.advance(3100.0);
    let Next::Done(Err(_)) = rig.acquisition(&Reply::Status(401, Some("3600"))) else { panic!() };
    assert_eq!(rig.stepped(), "serve");
    rig.replace_secret();
    assert_eq!(rig.snapshot_serves(), None, "the token is due");
    assert_eq!(rig.stepped(), "serve and start");
}

#[test]
fn a_seeded_token_is_served_and_its_refresh_token_used_when_it_is_due() {
    let mut rig = Rig::new();
    rig.acquire(&HOUR);
    seed(&mut rig, "seeded", Some("r1"), 600);
    let state = rig.session.state(rig.now());
    assert_eq!((state.phase, state.has_refresh_token), (Some(Phase::Fresh), true));
    assert_eq!(state.expiry.source(), ExpirySource::Given);
    assert_eq!(rig.snapshot_serves().as_deref(), Some("seeded"));
    rig.advance(530.0);
    let id = rig.start();
    let call = rig.call(id);
    assert_eq!(sent_refresh_token(&call).as_deref(), Some("r1"));
}

#[test]
fn a_seeded_token_that_has_expired_is_never_served_and_its_refresh_token_is_used() {
    let mut rig = Rig::new();
    let now = rig.now();
    let long_ago = now.wall() - Duration::from_secs(9);
    rig.session.seed(stored("seeded", Some("r1")), Expiry::until(long_ago, now), now);
    assert_eq!(rig.snapshot_serves(), None);
    let id = rig.start();
    let call = rig.call(id);
    assert_eq!(sent_refresh_token(&call).as_deref(), Some("r1"));
}

#[test]
fn a_token_that_was_taken_out_can_be_seeded_elsewhere() {
    let mut rig = Rig::new();
    rig.acquire(&Reply::Issued("first", 3600, Some("r1")));
    let now = rig.now();
    let (token, expiry) = rig.session.take_tokens(now).unwrap();
    assert_eq!(token.access_token().expose_secret(), "first");
    assert_eq!(token.refresh_token().unwrap().expose_secret(), "r1");
    assert_eq!(expiry.expires_at(), Some(now.wall() + Duration::from_secs(3600)));
    assert_eq!((rig.snapshot_serves(), rig.stepped()), (None, "start"));
    assert!(rig.session.take_tokens(now).is_none());

    rig.session.seed(token, expiry, now);
    assert_eq!(rig.snapshot_serves().as_deref(), Some("first"));
}

/// A token that must not be served any more is handed out for its refresh token only.
#[test]
fn an_expired_token_is_handed_out_for_its_refresh_token() {
    for invalidated in [false, true] {
        let mut rig = Rig::new();
        let token = rig.acquire(&Reply::Issued("first", 3600, Some("r1")));
        match invalidated {
            true => assert!(rig.invalidate(&token)),
            false => rig.advance(3600.0),
        }
        let now = rig.now();
        let (token, expiry) = rig.session.take_tokens(now).unwrap();
        assert_eq!(token.refresh_token().unwrap().expose_secret(), "r1");
        assert!(expiry.is_expired(now));
        rig.session.seed(token, expiry, now);
        assert_eq!((rig.snapshot_serves(), rig.stepped()), (None, "start"));
    }
}

#[test]
fn a_token_that_expired_on_arrival_is_handed_out_for_its_refresh_token() {
    let mut rig = Rig::new();
    let _ = rig.acquisition(&expired_on_arrival(Some("r1")));
    let state = rig.session.state(rig.now());
    assert_eq!((state.phase, state.has_refresh_token), (Some(Phase::Expired), true));
    assert!(rig.valid_token().is_none());
    let now = rig.now();
    let (token, expiry) = rig.session.take_tokens(now).unwrap();
    assert!(expiry.is_expired(now));
    rig.session.seed(token, expiry, now);
    let id = rig.start();
    let call = rig.call(id);
    assert_eq!(sent_refresh_token(&call).as_deref(), Some("r1"));
}

#[test]
fn a_token_that_expired_on_arrival_does_not_replace_a_valid_token() {
    let mut rig = Rig::new();
    rig.acquire(&Reply::Issued("first", 3600, Some("r1")));
    rig.advance(3100.0);
    let _ = rig.acquisition(&expired_on_arrival(Some("r2")));
    assert_eq!(rig.stepped(), "serve");
    let (token, _) = rig.take_tokens().unwrap();
    assert_eq!(token.access_token().expose_secret(), "first");
    assert_eq!(token.refresh_token().unwrap().expose_secret(), "r2");
}

#[test]
fn debug_shows_no_secret() {
    let mut rig = Rig::new();
    rig.acquire(&Reply::Issued("acc3ss", 60, Some("r3fresh")));
    rig.advance(60.0);
    let id = rig.start();
    let call = rig.call(id);
    let _ = rig.finish(id, &call, &REFUSED);
    let next = rig.finish(id, &call, &REFUSED);
    let mut shown = format!("{:?} {call:?} {next:?} {:?}", rig.session, rig.session.snapshot());
    shown += &format!("{:?} {:?}", rig.session.state(rig.now()), rig.session.take_events());
    rig.advance(1.0);
    let id = rig.start();
    shown += &format!("{:?}", rig.begin(id));
    for text in ["acc3ss", "r3fresh", SECRET] {
        assert!(!shown.contains(text), "{shown}");
    }
}

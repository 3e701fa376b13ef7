//! Reports of refused tokens: which token they are about, and how often they count.

use cg_auth_core::token::session::Step;

use super::{HOUR, Reply, Rig};

#[test]
fn a_reported_token_is_served_no_more() {
    let mut rig = Rig::new();
    let token = rig.acquire(&HOUR);
    assert_eq!(rig.snapshot_serves().as_deref(), Some("first"));
    assert!(rig.invalidate(&token.clone()));
    let now = rig.now();
    assert_eq!(rig.snapshot_serves(), None);
    assert!(rig.session.valid_token(now).is_none());
    assert_eq!(rig.session.state(now).phase, None);
    assert!(rig.session.take_tokens(now).is_none());
}

#[test]
fn a_report_is_about_one_issued_token_and_not_about_its_text() {
    let mut rig = Rig::new();
    let old = rig.acquire(&HOUR);
    rig.advance(3600.0);
    let new = rig.acquire(&HOUR);
    assert_eq!(old.expose_secret(), new.expose_secret());
    assert!(!rig.invalidate(&old));
    assert_eq!(rig.stepped(), "serve");
    assert!(rig.invalidate(&new));
    // The report of a second caller changes nothing.
    assert!(!rig.invalidate(&new));
}

#[test]
fn the_first_report_counts_at_once_and_later_ones_after_growing_pauses() {
    let mut rig = Rig::new();
    let mut heard = Vec::new();
    let mut token = rig.acquire(&HOUR);
    let begun = rig.now();
    while rig.now().saturating_since(begun).as_secs() < 300 {
        if rig.invalidate(&token) {
            heard.push(rig.now().saturating_since(begun).as_secs());
            token = rig.acquire(&HOUR);
        } else {
            // The token is still served.
            assert_eq!(rig.stepped(), "serve");
        }
        rig.advance(1.0);
    }
    assert_eq!(heard, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
}

#[test]
fn ten_minutes_without_a_report_reset_the_limit_on_reports() {
    for (quiet, next) in [(600.0, 60), (601.0, 1)] {
        let mut rig = Rig::new();
        for _ in 0..12 {
            let token = rig.acquire(&Reply::Issued("first", 36_000, None));
            assert!(rig.invalidate(&token));
            rig.advance(60.0);
        }
        rig.advance(quiet - 60.0);
        let token = rig.acquire(&HOUR);
        assert!(rig.invalidate(&token));
        let token = rig.acquire(&HOUR);
        let mut waited = 0;
        while !rig.invalidate(&token) {
            rig.advance(1.0);
            waited += 1;
            assert!(waited <= 60, "no report counts any more");
        }
        assert_eq!(waited, next, "after {quiet} s");
    }
}

#[test]
fn clear_and_seed_reset_the_limit_on_reports_and_a_new_secret_does_not() {
    for (begin_generation, is_heard) in [(true, true), (false, false)] {
        let mut rig = Rig::new();
        for is_first in [true, false] {
            let token = rig.acquire(&HOUR);
            assert_eq!(rig.invalidate(&token), is_first || is_heard);
            if begin_generation { rig.clear() } else { rig.replace_secret() }
        }
    }
}

#[test]
fn a_refused_token_that_is_issued_again_is_served_and_causes_an_event() {
    let mut rig = Rig::new();
    let token = rig.acquire(&Reply::Issued("first", 3600, Some("r1")));
    assert!(rig.invalidate(&token));
    rig.event_names();
    let again = rig.acquire(&Reply::Issued("first", 3600, Some("r1")));
    assert_eq!(rig.event_names(), ["same_token_again", "token_acquired"]);
    assert!(!again.is_same_issue(&token));
    assert!(matches!(rig.step(), Step::Serve(_)));
    assert!(!rig.invalidate(&again), "a report of the same text must not count at once");
    assert_eq!(rig.stepped(), "serve");
}

#[test]
fn a_new_text_or_a_token_that_was_not_reported_causes_no_same_token_event() {
    let mut rig = Rig::new();
    let token = rig.acquire(&HOUR);
    assert!(rig.invalidate(&token));
    rig.event_names();
    rig.acquire(&Reply::Issued("second", 3600, None));
    assert_eq!(rig.event_names(), ["token_acquired"]);
    rig.advance(3600.0);
    rig.acquire(&Reply::Issued("second", 3600, None));
    assert_eq!(rig.event_names(), ["token_acquired"]);
}

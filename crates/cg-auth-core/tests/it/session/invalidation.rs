//! Reports of refused tokens: whose token it was, and how often that may be said.

use cg_auth_core::token::session::Step;

use super::{HOUR, Reply, Rig};

#[test]
fn a_reported_token_is_served_by_nothing_any_more() {
    let mut rig = Rig::new();
    let token = rig.acquire(&HOUR);
    assert_eq!(rig.snapshot_serves().as_deref(), Some("first"));
    assert!(rig.invalidate(&token.clone()));
    let now = rig.now();
    assert_eq!(rig.snapshot_serves(), None);
    assert!(rig.session.valid_token(now).is_none());
    assert_eq!(rig.session.state(now).phase, None);
    assert!(rig.session.release(now).is_none());
}

#[test]
fn a_report_is_about_one_issue_and_not_about_a_text() {
    let mut rig = Rig::new();
    let old = rig.acquire(&HOUR);
    rig.advance(3600.0);
    let new = rig.acquire(&HOUR);
    assert_eq!(old.expose_secret(), new.expose_secret());
    assert!(!rig.invalidate(&old));
    assert_eq!(rig.stepped(), "serve");
    assert!(rig.invalidate(&new));
    // The second of many callers who were refused changes nothing.
    assert!(!rig.invalidate(&new));
}

#[test]
fn the_first_report_counts_at_once_and_the_next_ones_ever_more_rarely() {
    let mut rig = Rig::new();
    let mut heard = Vec::new();
    let mut token = rig.acquire(&HOUR);
    let begun = rig.now();
    while rig.now().saturating_since(begun).as_secs() < 300 {
        if rig.invalidate(&token) {
            heard.push(rig.now().saturating_since(begun).as_secs());
            token = rig.acquire(&HOUR);
        } else {
            // It is served on.
            assert_eq!(rig.stepped(), "serve");
        }
        rig.advance(1.0);
    }
    assert_eq!(heard, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
}

#[test]
fn ten_quiet_minutes_restore_the_patience() {
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
            assert!(waited <= 60, "it is never heard");
        }
        assert_eq!(waited, next, "after {quiet} s");
    }
}

#[test]
fn what_begins_anew_restores_the_patience_and_another_secret_does_not() {
    for (begin_anew, is_heard) in [(true, true), (false, false)] {
        let mut rig = Rig::new();
        for is_first in [true, false] {
            let token = rig.acquire(&HOUR);
            assert_eq!(rig.invalidate(&token), is_first || is_heard);
            if begin_anew { rig.clear() } else { rig.replace_secret() }
        }
    }
}

#[test]
fn the_same_token_again_is_told_and_served_and_asked_for_no_more() {
    let mut rig = Rig::new();
    let token = rig.acquire(&Reply::Issued("first", 3600, Some("r1")));
    assert!(rig.invalidate(&token));
    rig.event_names();
    let again = rig.acquire(&Reply::Issued("first", 3600, Some("r1")));
    assert_eq!(rig.event_names(), ["same_token_again", "token_acquired"]);
    assert!(!again.is_same_issue(&token));
    assert!(matches!(rig.step(), Step::Serve(_)));
    assert!(!rig.invalidate(&again), "there would be no end to it");
    assert_eq!(rig.stepped(), "serve");
}

#[test]
fn another_token_or_one_that_nobody_reported_is_not_the_same_again() {
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

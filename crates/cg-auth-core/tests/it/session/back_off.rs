//! The back-off after a failure, and the cool-down of a refused secret.

use std::{collections::BTreeSet, time::Duration};

use cg_auth_core::{
    TokenError, TokenErrorKind,
    endpoint::Endpoint,
    testing::ManualClock,
    token::session::{AcquisitionId, Next, Step},
};
use http::StatusCode;

use super::{BUSY, HOUR, REFUSED, Reply, Rig, came_to};
use crate::support::{SECRET, delegate, response};

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Fails an acquisition; returns the back-off.
fn fail(rig: &mut Rig, reply: &Reply) -> Duration {
    match rig.acquisition(reply) {
        Next::Done(Err(error)) => error.retry_after().unwrap(),
        next => panic!("{next:?}"),
    }
}

fn status(error: &TokenError) -> Option<StatusCode> {
    error.as_call()?.status()
}

#[test]
fn the_back_off_doubles_from_a_second_to_a_minute_and_jitter_takes_up_to_half_of_it() {
    let mut first = BTreeSet::new();
    for seed in 0..100 {
        let mut rig = Rig::on(ManualClock::new(), seed);
        for (failures, longest) in [1, 2, 4, 8, 16, 32, 60, 60, 60].into_iter().enumerate() {
            let longest = Duration::from_secs(longest);
            let wait = fail(&mut rig, &BUSY);
            assert!(longest / 2 <= wait && wait <= longest, "{wait:?} of {longest:?}");
            assert_eq!(rig.session.state(rig.now()).failures as usize, failures + 1);
            if failures == 0 {
                first.insert(wait);
            }
            rig.clock.advance(wait - Duration::from_nanos(1));
            let Step::Fail(error) = rig.step() else { panic!("the back-off has not begun") };
            assert_eq!(error.retry_after(), Some(Duration::from_nanos(1)));
            assert_eq!(status(&error), Some(StatusCode::SERVICE_UNAVAILABLE));
            rig.clock.advance(Duration::from_nanos(1));
        }
    }
    assert!(first.len() > 90, "the jitter is too small");
    assert!(*first.first().unwrap() < seconds(0.55) && seconds(0.95) < *first.last().unwrap());
}

#[test]
fn a_longer_retry_after_wins_up_to_an_hour() {
    for (after, least, most) in
        [("0", 0.5, 1.0), ("7", 7.0, 7.0), ("3600", 3600.0, 3600.0), ("99999999999999999999", 3600.0, 3600.0)]
    {
        for status in [400, 404, 429, 500, 503] {
            let wait = fail(&mut Rig::new(), &Reply::Status(status, Some(after)));
            assert!(seconds(least) <= wait && wait <= seconds(most), "{status} {after}: {wait:?}");
        }
    }
}

#[test]
fn a_success_forgets_the_failures() {
    let mut rig = Rig::new();
    for _ in 0..6 {
        fail(&mut rig, &BUSY);
        rig.advance(60.0);
    }
    rig.acquire(&HOUR);
    assert_eq!(rig.session.state(rig.now()).failures, 0);
    rig.advance(3600.0);
    assert!(fail(&mut rig, &BUSY) <= seconds(1.0));
}

#[test]
fn only_the_monotonic_clock_ends_the_back_off() {
    for mut rig in [Rig::new(), Rig::with_boot_clock()] {
        let wait = fail(&mut rig, &Reply::Status(503, Some("50")));
        rig.clock.suspend(2 * wait);
        rig.clock.set_wall(std::time::UNIX_EPOCH);
        assert_eq!(rig.stepped(), "fail");
        rig.clock.set_wall(rig.now().wall() + 99 * wait);
        assert_eq!(rig.stepped(), "fail");
        rig.clock.advance(wait);
        assert_eq!(rig.stepped(), "start");
    }
}

#[test]
fn a_valid_token_is_served_during_a_back_off() {
    let mut rig = Rig::new();
    rig.acquire(&HOUR);
    // The token is in its early phase, then in the margin. There every caller would start an acquisition.
    for age in [3100.0, 3575.0] {
        let age = seconds(age).saturating_sub(rig.now().monotonic());
        rig.clock.advance(age);
        let wait = fail(&mut rig, &Reply::Status(503, Some("10")));
        rig.clock.advance(wait / 2);
        assert_eq!(rig.stepped(), "serve");
        assert_eq!(rig.snapshot_serves().as_deref(), Some("first"));
        rig.clock.advance(wait / 2);
    }
    fail(&mut rig, &Reply::Status(503, Some("100")));
    rig.advance(20.0);
    assert_eq!(rig.stepped(), "fail");
    assert_eq!(rig.snapshot_serves(), None);
}

/// Reads the secret `text` until a call sends it; returns how long that took.
fn until_asked(rig: &mut Rig, text: &str) -> (Duration, AcquisitionId) {
    let begun = rig.now().monotonic();
    loop {
        assert!(rig.now().monotonic() - begun < Duration::from_secs(3600), "the secret is never sent");
        match rig.step() {
            Step::Start(id) => match rig.begin_with(id, text) {
                Next::Call(_) => return (rig.now().monotonic() - begun, id),
                next => {
                    let Next::Done(Err(error)) = next else { panic!("{next:?}") };
                    assert_eq!(status(&error), Some(StatusCode::UNAUTHORIZED));
                    assert_eq!(error.kind(), TokenErrorKind::Call);
                }
            },
            Step::Fail(error) => rig.clock.advance(error.retry_after().unwrap()),
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn a_refused_secret_is_not_sent_again_for_a_minute() {
    let says_no = Reply::Whole(200, vec![], r#"{"isSuccess":false}"#.into());
    let [bad, unauthorized, forbidden] = [400, 401, 403].map(|status| Reply::Status(status, None));
    for reply in [&bad, &unauthorized, &forbidden, &says_no] {
        let mut rig = Rig::new();
        fail(&mut rig, reply);
        let refused = rig.now();
        rig.advance(1.0);
        let mut ids = 0;
        while rig.now().saturating_since(refused) < seconds(60.0) {
            match rig.step() {
                Step::Start(id) => {
                    ids += 1;
                    assert_eq!(came_to(&rig.begin(id)), "call", "{reply:?}");
                }
                step => assert!(matches!(step, Step::Fail(_)), "{step:?}"),
            }
            rig.advance(0.5);
        }
        // During the cool-down the secret is read again every one to two seconds, and no request is sent.
        assert!((25..=59).contains(&ids), "{ids}");
        assert_eq!(rig.session.state(rig.now()).failures, 1);
        assert_eq!(rig.event_names(), ["token_failed"]);
    }
}

#[test]
fn a_refused_secret_is_sent_again_after_its_cool_down() {
    let mut rig = Rig::new();
    fail(&mut rig, &REFUSED);
    let (passed, _) = until_asked(&mut rig, SECRET);
    assert!(seconds(60.0) <= passed && passed <= seconds(62.0), "{passed:?}");
}

#[test]
fn a_new_secret_is_sent_within_two_seconds_however_long_the_old_one_was_refused() {
    let mut rig = Rig::new();
    fail(&mut rig, &REFUSED);
    for refusals in 2..=10 {
        let (_, id) = until_asked(&mut rig, SECRET);
        let Next::Done(Err(error)) = refuse(&mut rig, id) else { panic!("the secret was accepted") };
        let wait = error.retry_after().unwrap();
        assert!(seconds(1.0) <= wait && wait <= seconds(2.0), "{wait:?}");
        assert_eq!(rig.session.state(rig.now()).failures, refusals);
    }
    rig.event_names();
    let (passed, _) = until_asked(&mut rig, "another-one");
    assert!(passed <= seconds(2.0), "{passed:?}");
}

#[test]
fn secrets_that_are_refused_one_after_the_other_are_sent_after_growing_pauses() {
    let mut rig = Rig::new();
    for (number, longest) in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0].into_iter().enumerate() {
        let (_, id) = until_asked(&mut rig, &format!("secret-{number}"));
        let Next::Done(Err(error)) = refuse(&mut rig, id) else { panic!("the secret was accepted") };
        let wait = error.retry_after().unwrap();
        assert!(seconds(longest / 2.0) <= wait && wait <= seconds(longest), "{wait:?} of {longest}");
    }
}

fn refuse(rig: &mut Rig, id: AcquisitionId) -> Next {
    let now = rig.now();
    let error = delegate().read(response(401, &[], "")).map(drop).unwrap_err();
    rig.session.finish(id, Err(error.into()), now)
}

#[test]
fn a_new_secret_is_sent_as_soon_as_the_back_off_is_over() {
    let mut rig = Rig::new();
    let wait = fail(&mut rig, &REFUSED);
    let (passed, _) = until_asked(&mut rig, "another-one");
    assert_eq!(passed, wait);
}

#[test]
fn no_other_failure_counts_as_a_refused_secret() {
    for status in [404, 408, 409, 425, 429, 500, 501, 503, 302] {
        let mut rig = Rig::new();
        let wait = fail(&mut rig, &Reply::Status(status, None));
        rig.clock.advance(wait);
        let id = rig.start();
        assert_eq!(came_to(&rig.begin(id)), "call credential", "{status}");
    }
}

#[test]
fn a_page_of_a_firewall_or_a_gateway_refuses_no_secret() {
    for status in [400, 401, 403, 404] {
        let mut rig = Rig::new();
        let page = Reply::Whole(status, vec![], "<html><title>Blocked</title>".into());
        let wait = fail(&mut rig, &page);
        assert!(wait <= seconds(1.0), "{wait:?}");
        rig.clock.advance(wait);
        let id = rig.start();
        assert_eq!(came_to(&rig.begin(id)), "call credential", "{status}");
    }
}

#[test]
fn a_secret_stays_refused_across_other_failures_and_the_error_says_so() {
    let mut rig = Rig::new();
    let wait = fail(&mut rig, &REFUSED);
    rig.clock.advance(wait);
    let id = rig.start();
    let now = rig.now();
    let Next::Done(Err(error)) = rig.session.begin(id, Err(TokenError::secret("no file")), now) else {
        panic!()
    };
    assert_eq!(error.kind(), TokenErrorKind::Secret);
    // The loop waits for the back-off of each failure.
    let (passed, _) = until_asked(&mut rig, SECRET);
    assert!(passed >= seconds(59.0), "{passed:?}");
}

#[test]
fn the_retry_after_of_a_refusal_counts_once() {
    let mut rig = Rig::new();
    let wait = fail(&mut rig, &Reply::Status(401, Some("50")));
    assert_eq!(wait, seconds(50.0));
    rig.clock.advance(wait);
    let id = rig.start();
    let Next::Done(Err(error)) = rig.begin(id) else { panic!("the secret was sent") };
    assert!(error.retry_after().unwrap() <= seconds(2.0), "{error:?}");
}

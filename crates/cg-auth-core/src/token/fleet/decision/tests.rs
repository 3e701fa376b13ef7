use http::Response;

use super::*;
use crate::{endpoint::Endpoint, model::AccessToken, transport::TransportError};

const SECOND: Duration = Duration::from_secs(1);

fn decided(claimed: Result<Claimed, StoreError>, standing: Standing) -> String {
    format!("{:?}", decide(claimed, standing, 0.5))
}

/// A process with a token that expires after 100 s, whose margin begins after `before_margin` seconds.
fn with_token(before_margin: f64, before_last_half: f64) -> Standing {
    let seconds = Duration::from_secs_f64;
    let age = TokenAge {
        left: seconds(100.0),
        before_margin: seconds(before_margin),
        before_last_half: seconds(before_last_half),
    };
    Standing { token: Some(age), ..WITHOUT }
}

const WITHOUT: Standing =
    Standing { token: None, stays_out: false, has_failed: false, waited: Duration::ZERO };
const OUT: Standing = Standing { stays_out: true, ..WITHOUT };

fn cool_down(left: Duration) -> CoolDown {
    CoolDown { left, failures: 3, failure: SharedFailure::new("api", Recovery::Retry, Some(503)) }
}

#[test]
fn a_process_with_a_valid_token_serves_on_and_asks_again_after_a_quarter_of_the_time_before_its_margin() {
    for (before_margin, wait) in [(20.0, 5.0), (400.0, 10.0), (1.0, 0.25), (0.1, 0.1), (0.0, 0.1)] {
        let decision = decide(Ok(Claimed::Held(SECOND)), with_token(before_margin, 0.0), 0.5);
        let Decision::ServeOn(waits, Pause::HeldElsewhere) = decision else { panic!("{decision:?}") };
        assert_eq!(waits, Duration::from_secs_f64(wait), "{before_margin}");
    }
    let waits = [0.0, 1.0].map(|jitter| {
        let decision = decide(Ok(Claimed::Held(SECOND)), with_token(20.0, 0.0), jitter);
        let Decision::ServeOn(wait, _) = decision else { panic!("{decision:?}") };
        wait
    });
    assert_eq!(waits, [Duration::from_secs_f64(3.75), Duration::from_secs_f64(6.25)]);
}

#[test]
fn a_process_without_a_token_asks_again_and_again_until_the_lease_ends() {
    for (jitter, left, wait) in
        [(0.0, 6000, 125), (0.5, 6000, 250), (1.0, 6000, 375), (0.5, 40, 40), (0.5, 0, 10)]
    {
        let decision = decide(Ok(Claimed::Held(Duration::from_millis(left))), WITHOUT, jitter);
        let Decision::AskAgain(waits, Pause::HeldElsewhere) = decision else { panic!("{decision:?}") };
        assert_eq!(waits, Duration::from_millis(wait));
    }
}

#[test]
fn a_cool_down_fails_a_process_without_a_token_at_once_and_is_believed_for_a_minute_at_most() {
    for (left, believed) in [(SECOND, SECOND), (3600 * SECOND, 60 * SECOND)] {
        let decision = decide(Ok(Claimed::CoolingDown(cool_down(left))), WITHOUT, 0.5);
        let Decision::Fail(failed) = decision else { panic!("{decision:?}") };
        assert_eq!((failed.left, failed.failures, failed.failure.status()), (believed, 3, Some(503)));
        let decision = decide(Ok(Claimed::CoolingDown(cool_down(left))), with_token(9.0, 0.0), 0.0);
        let Decision::ServeOn(wait, Pause::CoolingDown(_)) = decision else { panic!("{decision:?}") };
        assert_eq!(wait, believed);
    }
}

#[test]
fn a_cool_down_of_another_process_alone_is_waited_for_by_a_process_that_has_not_failed() {
    let second = |kind| {
        let failure = SharedFailure::new(kind, Recovery::Retry, None);
        Ok(Claimed::CoolingDown(CoolDown { left: SECOND, failures: 0, failure }))
    };
    for kind in ["transport", "config", "secret", "lost"] {
        let decision = decide(second(kind), WITHOUT, 0.0);
        let Decision::AskAgain(wait, Pause::CoolingDown(_)) = decision else { panic!("{decision:?}") };
        assert_eq!(wait, SECOND, "{kind}");
        for (standing, expected) in [
            (Standing { has_failed: true, ..WITHOUT }, "Fail"),
            (Standing { waited: 29 * SECOND, ..WITHOUT }, "AskAgain"),
            (Standing { waited: 30 * SECOND, ..WITHOUT }, "AcquireAlone(None)"),
            (Standing { waited: 30 * SECOND, ..OUT }, "Fail"),
        ] {
            assert!(decided(second(kind), standing).starts_with(expected), "{kind}");
        }
    }
    for kind in ["api", "rejected", "protocol", "timeout"] {
        assert!(decided(second(kind), WITHOUT).starts_with("Fail"), "{kind}");
    }
}

#[test]
fn nothing_newer_is_served_on_until_the_token_expires() {
    let decision = decide(Ok(Claimed::NothingNewer), with_token(70.0, 0.0), 0.5);
    let Decision::ServeOn(wait, Pause::NothingNewer) = decision else { panic!("{decision:?}") };
    assert_eq!(wait, 100 * SECOND);
    assert!(decided(Ok(Claimed::NothingNewer), WITHOUT).starts_with("AskAgain"));
}

#[test]
fn a_store_that_is_down_lets_a_process_acquire_alone_with_a_valid_token_only_in_the_last_half() {
    let down = || Err(StoreError::new("down"));
    assert!(decided(down(), WITHOUT).starts_with("AcquireAlone"));
    assert!(decided(down(), with_token(50.0, 0.0)).starts_with("AcquireAlone"));
    for (before_last_half, wait) in [(3.0, 3.0), (50.0, 5.25)] {
        let decision = decide(down(), with_token(90.0, before_last_half), 0.5);
        let Decision::ServeOn(waits, Pause::Unavailable(_)) = decision else { panic!("{decision:?}") };
        assert_eq!(waits, Duration::from_secs_f64(wait));
    }
}

#[test]
fn a_process_that_backs_off_adopts_and_does_not_acquire() {
    let token = StoredToken {
        access_token: AccessToken::new("eyJ").unwrap(),
        lifetime: Some(SECOND),
        left: Some(SECOND),
    };
    assert!(decided(Ok(Claimed::Token(token)), OUT).starts_with("Adopt"));
    assert!(decided(Ok(Claimed::Free), OUT).starts_with("StayOut"));
    assert!(decided(Err(StoreError::new("down")), OUT).starts_with("StayOut"));
}

/// The error of a call that was answered.
fn answered(status: u16, retry_after: Option<&str>, body: &str) -> TokenError {
    let mut answer = Response::builder().status(status).header("content-type", "application/json");
    if let Some(seconds) = retry_after {
        answer = answer.header("retry-after", seconds);
    }
    let credential = crate::model::ApiCredential::new(
        crate::model::ClientSecret::new("s3cret").unwrap(),
        crate::model::UserPrincipalName::new("a@example.com").unwrap(),
    );
    let endpoint = crate::endpoint::GetDelegateAccessToken::new(credential);
    let error = endpoint.read(answer.body(body.to_owned().into()).unwrap()).unwrap_err();
    CallError::from(error).into()
}

#[test]
fn the_cool_down_after_answers_doubles_from_1_s_to_30_s_by_the_count_of_the_fleet() {
    let busy = || answered(503, None, "");
    let pauses: Vec<_> = (0..7).map(|failures| cool_down_after(&busy(), failures)).collect();
    let seconds: Vec<_> = pauses.iter().map(|pause| pause.left.as_secs()).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
    assert!(pauses.iter().enumerate().all(|(at, pause)| pause.failures as usize == at + 1));
    assert_eq!(pauses[0].failure, SharedFailure::new("api", Recovery::Retry, Some(503)));
}

#[test]
fn a_service_that_does_not_answer_in_time_counts_like_one_that_answers_with_a_failure() {
    let late = || CallError::timed_out(SECOND).into();
    assert_eq!([0, 3].map(|failures| cool_down_after(&late(), failures).left), [SECOND, 8 * SECOND]);
    assert_eq!(cool_down_after(&late(), 3).failures, 4);
}

#[test]
fn a_refused_credential_cools_down_for_a_minute_and_a_named_time_up_to_a_minute_counts() {
    assert_eq!(cool_down_after(&answered(401, None, ""), 0).left, 60 * SECOND);
    assert_eq!(cool_down_after(&answered(503, Some("20"), ""), 0).left, 20 * SECOND);
    assert_eq!(cool_down_after(&answered(503, Some("60"), ""), 0).left, 60 * SECOND);
    // It binds its receiver only.
    assert_eq!(cool_down_after(&answered(503, Some("61"), ""), 0).left, SECOND);
}

#[test]
fn a_failure_of_the_process_itself_cools_down_for_a_second_and_does_not_count() {
    let unreached = CallError::from(TransportError::connect("no route")).into();
    for error in [unreached, TokenError::secret("the vault is sealed"), TokenError::other("x")] {
        let pause = cool_down_after(&error, 4);
        assert_eq!((pause.left, pause.failures), (SECOND, 4), "{error}");
    }
}

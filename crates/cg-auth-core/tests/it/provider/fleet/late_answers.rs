//! A token whose life is over when its answer arrives, and a service that hands out old tokens: no call fails.

use std::{pin::pin, time::UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cg_auth_core::testing::ScriptedTransport;

use super::{super::*, Processes, ticking};

const SECOND: Duration = Duration::from_secs(1);
const LIFE: u64 = 100;

/// An answer with a JWT that expires `after` seconds from the start of `clock` on.
fn jwt(clock: &ManualClock, after: u64) -> Response<Body> {
    let now = clock.now().wall().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"iat":{now},"exp":{}}}"#, now + after));
    let body = format!(r#"{{"value":{{"access_token":"e30.{claims}.c2ln","duration":0}},"isSuccess":true}}"#);
    response(200, &[], body)
}

#[test]
fn a_process_that_stood_still_during_its_acquisition_requests_another_token() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1)).answer(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        let mut token = pin!(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| script.requests().len() == 1).await;
        // Within the time limit of the acquisition, as it runs on while the process does not.
        clock.suspend(LIFETIME);
        script.release();
        assert_eq!(token.await.unwrap().expose_secret(), "token-2");
        assert_eq!(asked(&script), ["credential"; 2]);
    });
}

#[test]
fn a_refresh_whose_answer_is_late_is_not_repeated() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2)).answer(issue(3));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance(LIFETIME);
        let mut token = pin!(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| script.requests().len() == 2).await;
        clock.suspend(LIFETIME);
        script.release();
        assert_eq!(token.await.unwrap_err().kind().as_str(), "expired_on_arrival");
        assert_eq!(asked(&script), ["credential", "refresh"]);
    });
}

#[test]
fn a_service_that_issues_expired_tokens_gets_one_request() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(jwt(&ManualClock::new(), 0)).answer(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        clock.advance(SECOND);
        // Without `iat` before `exp` only the clock of the machine says that it has expired.
        let error = provider.token().await.unwrap_err();
        assert_eq!(error.kind().as_str(), "expired_on_arrival");
        assert_eq!(script.requests().len(), 1);
    });
}

#[test]
fn a_token_in_its_last_second_is_waited_out_and_another_one_is_requested() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(jwt(&ManualClock::new(), 1)).answer(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        let mut token = pin!(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        // The clock goes on once the token counts from its request on.
        until(|| script.requests().len() == 1).await;
        assert_eq!(ticking(&clock, token).await.unwrap().expose_secret(), "token-2");
        let waited = clock.now().saturating_since(ManualClock::new().now());
        assert!(waited >= SECOND, "{waited:?}");
        assert_eq!(script.requests().len(), 2);
    });
}

#[test]
fn a_token_that_is_handed_out_again_is_waited_out_and_costs_two_requests() {
    everywhere(async |tasks| {
        let clock = ManualClock::new();
        let script = ScriptedTransport::new().answer(jwt(&clock, LIFE)).answer(jwt(&clock, LIFE));
        let (provider, clock) = provider(script.clone().answer(issue(2)), tasks);
        provider.token().await.unwrap();
        clock.advance((LIFE - 5) as u32 * SECOND);
        provider.token().await.unwrap();
        until(|| !provider.state().is_acquiring && script.requests().len() == 2).await;
        // It is served no more in its last second, in which the service would hand it out again.
        clock.advance(4 * SECOND);
        let mut token = pin!(provider.token());
        for _ in 0..20 {
            assert!(poll_once(token.as_mut()).await.is_pending());
            tokio::task::yield_now().await;
        }
        assert_eq!(script.requests().len(), 2);
        assert_eq!(ticking(&clock, token).await.unwrap().expose_secret(), "token-2");
        assert_eq!(script.requests().len(), 3);
    });
}

#[test]
fn a_fleet_waits_out_a_token_that_is_handed_out_again() {
    everywhere(async |tasks| {
        let clock = ManualClock::new();
        let script = ScriptedTransport::new().answer(jwt(&clock, LIFE)).answer(jwt(&clock, LIFE));
        let processes = Processes::new(script.answer(issue(2)), tasks);
        let (first, second) = (processes.start(), processes.start());
        first.token().await.unwrap();
        second.token().await.unwrap();
        processes.clock.advance((LIFE - 5) as u32 * SECOND);
        for process in [&first, &second] {
            process.token().await.unwrap();
            until(|| !process.state().is_acquiring).await;
        }
        assert_eq!(processes.requests(), 2);
        // It is served no more in its last second, in which the service would hand it out again.
        processes.clock.advance(4 * SECOND);
        let token = ticking(&processes.clock, pin!(second.token())).await.unwrap();
        assert_eq!(token.expose_secret(), "token-2");
        let age = processes.clock.now().saturating_since(clock.now());
        assert!(age >= LIFE as u32 * SECOND, "requested after {age:?}, and the service issues none before");
        assert_eq!(processes.requests(), 3);
    });
}

#[test]
fn a_process_remembers_that_the_service_hands_out_old_tokens_until_it_issues_a_new_one_in_time() {
    everywhere(async |tasks| {
        let clock = ManualClock::new();
        let script = ScriptedTransport::new().answer(jwt(&clock, LIFE)).answer(jwt(&clock, LIFE));
        let script = script.answer(jwt(&clock, 2 * LIFE)).answer(issue(4));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance((LIFE - 5) as u32 * SECOND);
        provider.token().await.unwrap();
        clock.advance(6 * SECOND);
        provider.token().await.unwrap();
        // No caller has asked for a newer token in time.
        let before = provider.peek().unwrap();
        clock.advance(before.expiry().remaining(clock.now()).unwrap());
        let mut token = pin!(provider.token());
        for _ in 0..20 {
            assert!(poll_once(token.as_mut()).await.is_pending());
            tokio::task::yield_now().await;
        }
        assert_eq!(script.requests().len(), 3);
        assert_eq!(ticking(&clock, token).await.unwrap().expose_secret(), "token-4");
    });
}

#[test]
fn a_process_that_adopts_a_short_lived_token_renews_it_as_late_as_the_one_that_acquired_it() {
    everywhere(async |tasks| {
        let clock = ManualClock::new();
        let processes = Processes::new(ScriptedTransport::new().answer(jwt(&clock, 4)).hang(), tasks);
        let (first, second) = (processes.start(), processes.start());
        first.token().await.unwrap();
        second.token().await.unwrap();
        // Of the three seconds for which it is served, seven tenths, but for the tenth that the store does not tell of.
        processes.clock.advance(Duration::from_millis(1_750));
        second.token().await.unwrap();
        assert!(!second.state().is_acquiring);
    });
}

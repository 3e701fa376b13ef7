//! Tokens that are invalidated, seeded and cleared.

use std::pin::pin;

use cg_auth_core::{
    ClientSecret, TokenErrorKind, TokenProvider,
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    testing::{ManualClock, ScriptedTransport},
    time::Runtime,
    token::{Expiry, session::Phase},
};
use tokio::task::JoinSet;

use super::{LIFETIME, Tasks, asked, everywhere, issue, outage, poll_once, provider, secrets, until};
use crate::support::{header_text, response};

fn stored(text: &str) -> DelegatedAccessToken {
    let refresh_token = RefreshToken::new(format!("refresh-of-{text}")).unwrap();
    DelegatedAccessToken::new(AccessToken::new(text).unwrap(), Some(refresh_token))
}

fn for_an_hour(clock: &ManualClock) -> Expiry {
    Expiry::until(clock.now().wall() + LIFETIME, clock.now())
}

#[test]
fn only_the_current_token_can_be_invalidated() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(1)).answer(issue(3));
        let (provider, _clock) = provider(script.clone(), tasks);
        let first = provider.token().await.unwrap();
        assert!(provider.invalidate(&first));
        assert!(!provider.invalidate(&first), "a second report changes nothing");
        assert!(provider.peek().is_none() && provider.state().phase.is_none());
        let second = provider.token().await.unwrap();
        assert_eq!(second.expose_secret(), first.expose_secret());
        assert!(!provider.invalidate(&first), "an earlier token with the same text");
        assert!(provider.token().await.unwrap().is_same_issue(&second));
        assert_eq!(asked(&script), ["credential", "refresh"]);
    });
}

#[test]
fn many_callers_who_report_one_refused_token_cause_one_acquisition() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, _clock) = provider(script.clone(), tasks);
        let refused = provider.token().await.unwrap();
        let mut callers = JoinSet::new();
        for _ in 0..1000 {
            let (provider, refused) = (provider.clone(), refused.clone());
            callers.spawn(async move {
                let is_first = provider.invalidate(&refused);
                (is_first, provider.token().await.unwrap())
            });
        }
        let results = callers.join_all().await;
        assert_eq!(results.iter().filter(|(is_first, _)| *is_first).count(), 1);
        assert!(results.iter().all(|(_, token)| token.expose_secret() == "token-2"));
        assert_eq!(script.requests().len(), 2);
    });
}

#[test]
fn waiters_get_a_seeded_token() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1)).answer(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        let mut waiting = pin!(provider.token());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        provider.seed(stored("from-the-store"), for_an_hour(&clock));
        assert_eq!(waiting.await.unwrap().expose_secret(), "from-the-store");

        script.release();
        until(|| script.in_flight() == 0).await;
        tokio::task::yield_now().await;
        assert_eq!(
            provider.peek().unwrap().expose_secret(),
            "from-the-store",
            "the old acquisition changes nothing"
        );
        clock.advance(LIFETIME);
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
        let sent = script.requests();
        assert_eq!(header_text(sent[1].headers(), "refresh_token"), Some("refresh-of-from-the-store"));
    });
}

#[test]
fn waiters_go_on_with_a_new_acquisition_after_a_clear() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1)).hold_back(issue(2));
        let (provider, _clock) = provider(script.clone(), tasks);
        let mut waiting = pin!(provider.token());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        provider.clear();
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        until(|| script.requests().len() == 2).await;
        // Only one of the two answers counts, whichever comes first.
        script.release();
        script.release();
        assert_eq!(waiting.await.unwrap().expose_secret(), "token-2");
        assert_eq!(provider.peek().unwrap().expose_secret(), "token-2");
    });
}

#[test]
fn a_clear_forgets_token_refresh_token_and_failure() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(outage()).answer(issue(2));
        let (provider, _clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        provider.clear();
        assert!(provider.peek().is_none());
        assert!(!provider.state().has_refresh_token);
        assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::Call);
        assert_eq!(provider.state().failures, 1);
        provider.clear();
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(asked(&script), ["credential"; 3]);
    });
}

#[test]
fn waiters_go_on_with_a_new_secret() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1)).answer(issue(2));
        let (provider, _clock) = provider(script.clone(), tasks);
        let mut waiting = pin!(provider.token());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        provider.replace_secret(ClientSecret::new("another-s3cret").unwrap());
        assert_eq!(waiting.await.unwrap().expose_secret(), "token-2");
        script.release();
        until(|| script.in_flight() == 0).await;
        assert_eq!(provider.peek().unwrap().expose_secret(), "token-2");
        assert_eq!(secrets(&script), [crate::support::SECRET, "another-s3cret"]);
    });
}

#[test]
fn a_new_secret_ends_a_back_off_and_keeps_a_token() {
    everywhere(async |tasks| {
        let refusal = response(401, &[], "");
        let script = ScriptedTransport::new().answer(refusal).answer(issue(1));
        let (provider, _clock) = provider(script.clone(), tasks);
        assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::Call);
        assert!(provider.token().await.is_err());
        provider.replace_secret(ClientSecret::new("another-s3cret").unwrap());
        let token = provider.token().await.unwrap();
        provider.replace_secret(ClientSecret::new("a-third-s3cret").unwrap());
        assert!(provider.token().await.unwrap().is_same_issue(&token));
        assert_eq!(script.requests().len(), 2);
    });
}

#[test]
fn the_caches_of_the_service_and_of_the_provider_are_cleared_together() {
    everywhere(async |tasks| {
        let deleted = response(200, &[], r#"{"isSuccess":true}"#);
        let script =
            ScriptedTransport::new().answer(issue(1)).answer(outage()).answer(deleted).answer(issue(2));
        let (provider, _clock) = provider(script.clone(), tasks);
        let token = provider.token().await.unwrap();
        let error = provider.delete_token_cache().await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::Call);
        assert!(provider.peek().unwrap().is_same_issue(&token), "the service still has the token");

        provider.delete_token_cache().await.unwrap();
        assert!(provider.peek().is_none());
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
        let last = &script.requests()[3];
        assert_eq!(last.uri().path(), "/governance/auth/token/delegate", "the old refresh token is not used");
    });
}

#[test]
fn the_state_shows_token_acquisition_and_failures() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1)).answer(outage()).answer(outage());
        let (provider, clock) = provider(script.clone(), tasks);
        let state = provider.state();
        assert!(state.phase.is_none() && !state.is_acquiring && !state.has_refresh_token);
        assert_eq!((state.failures, state.expiry), (0, Expiry::UNKNOWN));

        let mut waiting = pin!(provider.token());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        assert!(provider.state().is_acquiring);
        script.release();
        let token = waiting.await.unwrap();
        let state = provider.state();
        assert_eq!((state.phase, state.expiry), (Some(Phase::Fresh), token.expiry()));
        assert!(state.has_refresh_token && !state.is_acquiring);

        clock.advance(LIFETIME);
        assert_eq!(provider.state().phase, Some(Phase::Expired));
        provider.token().await.unwrap_err();
        assert_eq!(provider.state().failures, 1);
    });
}

#[test]
fn a_clone_is_the_same_provider() {
    everywhere(async |tasks: Tasks| {
        let script = ScriptedTransport::new().answer(issue(1));
        let (provider, _clock) = provider(script.clone(), tasks);
        let clone: TokenProvider = provider.clone();
        let token = provider.token().await.unwrap();
        assert!(clone.peek().unwrap().is_same_issue(&token));
        clone.clear();
        assert!(provider.peek().is_none());
    });
}

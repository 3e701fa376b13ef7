//! `expose_tokens`: a program keeps the newest refresh token, and another process begins with it.

use cg_auth_core::{
    model::{AccessToken, DelegatedAccessToken},
    testing::ScriptedTransport,
    token::Expiry,
};

use super::{LIFETIME, everywhere, issue, poll_once, provider, until};
use crate::support::header_text;

#[test]
fn a_program_keeps_each_rotated_refresh_token_and_another_process_begins_with_it() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2)).answer(issue(3));
        let (running, clock) = provider(script.clone(), tasks);
        assert!(running.expose_tokens().is_none());
        for number in 1..=2 {
            let token = running.token().await.unwrap();
            let (kept, expiry) = running.expose_tokens().unwrap();
            assert_eq!(kept.access_token().expose_secret(), token.expose_secret());
            assert_eq!(kept.refresh_token().unwrap().expose_secret(), format!("refresh-{number}"));
            assert_eq!(expiry, token.expiry());
            let shown = format!("{kept:?}");
            assert!(!shown.contains("refresh-") && !shown.contains("token-"), "{shown}");
            clock.advance(LIFETIME);
        }
        let (kept, expiry) = running.expose_tokens().unwrap();
        let (next, _) = provider(script.clone(), tasks);
        next.seed(kept, expiry);
        assert_eq!(next.token().await.unwrap().expose_secret(), "token-3");
        assert_eq!(header_text(script.requests()[2].headers(), "refresh_token"), Some("refresh-2"));
    });
}

#[test]
fn a_refresh_token_on_the_wire_is_not_exposed() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance(LIFETIME);
        let mut waiting = Box::pin(provider.token());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        assert!(
            provider.expose_tokens().is_none(),
            "the token has expired, and the service may take the other"
        );
        script.release();
        waiting.await.unwrap();
        let (kept, _) = provider.expose_tokens().unwrap();
        assert_eq!(kept.refresh_token().unwrap().expose_secret(), "refresh-2");
    });
}

#[test]
fn a_refused_token_without_a_refresh_token_is_not_exposed() {
    everywhere(async |tasks| {
        let (provider, _clock) = provider(ScriptedTransport::new(), tasks);
        provider.seed(DelegatedAccessToken::new(AccessToken::new("a").unwrap(), None), Expiry::UNKNOWN);
        assert!(provider.expose_tokens().is_some());
        let token = provider.token().await.unwrap();
        assert!(provider.invalidate(&token));
        assert!(provider.expose_tokens().is_none());
    });
}

//! `shutdown` loses no refresh token and ends the provider.

use std::pin::pin;

use cg_auth_core::{
    TokenErrorKind, TokenProvider,
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    testing::ScriptedTransport,
    token::Expiry,
};

use super::{LIFETIME, asked, everywhere, issue, outage, poll_once, provider, until};
use crate::support::header_text;

async fn assert_is_shut_down(provider: &TokenProvider) {
    assert!(provider.peek().is_none());
    assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::ShutDown);
    assert_eq!(provider.authorization().await.unwrap_err().kind(), TokenErrorKind::ShutDown);
    provider.prefetch();
    assert!(!provider.state().is_acquiring);
    assert!(provider.shutdown().await.is_none());
}

#[test]
fn shutdown_waits_for_a_refresh_on_the_wire_and_returns_its_refresh_token() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2)).answer(issue(3));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance(LIFETIME);
        let mut waiting = Box::pin(provider.token());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;

        let mut shutdown = pin!(provider.shutdown());
        assert!(poll_once(shutdown.as_mut()).await.is_pending());
        drop(waiting);
        script.release();
        let (token, expiry) = shutdown.await.unwrap();
        assert_eq!(token.access_token().expose_secret(), "token-2");
        assert_eq!(token.refresh_token().unwrap().expose_secret(), "refresh-2");
        assert_is_shut_down(&provider).await;

        let (next, _) = super::provider(script.clone(), tasks);
        next.seed(token, expiry);
        let token = next.token().await.unwrap();
        assert_eq!(token.expose_secret(), "token-2");
        assert!(next.invalidate(&token));
        assert_eq!(next.token().await.unwrap().expose_secret(), "token-3");
        assert_eq!(header_text(script.requests()[2].headers(), "refresh_token"), Some("refresh-2"));
    });
}

#[test]
fn an_idle_provider_returns_its_token() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1));
        let (provider, _clock) = provider(script.clone(), tasks);
        assert!(super::provider(ScriptedTransport::new(), tasks).0.shutdown().await.is_none());
        let token = provider.token().await.unwrap();
        let (given, expiry) = provider.shutdown().await.unwrap();
        assert_eq!(given.access_token().expose_secret(), token.expose_secret());
        assert_eq!(expiry, token.expiry());
        assert_is_shut_down(&provider).await;
        assert_eq!(script.requests().len(), 1);
    });
}

#[test]
fn a_last_acquisition_that_fails_ends_the_shutdown_too() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(outage());
        let (provider, _clock) = provider(script.clone(), tasks);
        let mut waiting = pin!(provider.token());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        let mut shutdown = pin!(provider.shutdown());
        assert!(poll_once(shutdown.as_mut()).await.is_pending());
        script.release();
        assert!(shutdown.await.is_none());
        assert!(waiting.await.is_err());
        assert_is_shut_down(&provider).await;
    });
}

#[test]
fn no_acquisition_starts_after_the_call_of_shutdown() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1)).answer(issue(2));
        let (provider, _clock) = provider(script.clone(), tasks);
        let mut waiting = pin!(provider.token());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        let mut shutdown = pin!(provider.shutdown());
        assert!(poll_once(shutdown.as_mut()).await.is_pending());
        provider.clear();
        assert_eq!(waiting.await.unwrap_err().kind(), TokenErrorKind::ShutDown);
        script.release();
        assert!(shutdown.await.is_none());
        assert_eq!(asked(&script), ["credential"]);
    });
}

#[test]
fn neither_seed_nor_clear_restarts_a_provider() {
    everywhere(async |tasks| {
        let (provider, _clock) = provider(ScriptedTransport::new(), tasks);
        assert!(provider.shutdown().await.is_none());
        let refresh_token = RefreshToken::new("refresh-1").unwrap();
        let token = DelegatedAccessToken::new(AccessToken::new("token-1").unwrap(), Some(refresh_token));
        provider.seed(token, Expiry::UNKNOWN);
        assert_is_shut_down(&provider).await;
        provider.clear();
        assert_is_shut_down(&provider).await;
    });
}

#[test]
fn a_shutdown_begins_with_the_call_and_not_with_the_first_poll() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1));
        let (provider, _clock) = provider(script.clone(), tasks);
        let shutdown = provider.shutdown();
        assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::ShutDown);
        drop(shutdown);
        assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::ShutDown);
        assert!(script.requests().is_empty());
    });
}

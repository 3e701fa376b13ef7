//! [`Steps`]: the steps of the demo over one transport.

use std::{future::Future, sync::Arc, time::Duration};

use cg_auth_core::{
    AuthClient, CallError,
    body::Body,
    endpoint::Answer,
    model::{AccessToken, DelegatedAccessToken},
    token::{DurationUnit, Expiry},
    transport::{HttpTransport, TransportError},
};
use cg_auth_emulator::Emulator;
use http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};

use super::timeline::Timeline;
use crate::failure::{FailedCall, Failure, Operation};

type Token = Answer<DelegatedAccessToken>;

/// Runs a token's lifecycle over one transport.
pub(super) struct Steps<'a> {
    emulator: &'a Emulator,
    transport: Arc<dyn HttpTransport>,
    client: AuthClient,
    transport_name: &'static str,
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        emulator: &'a Emulator,
        transport: Arc<dyn HttpTransport>,
        transport_name: &'static str,
    ) -> Self {
        let client = AuthClient::new(emulator.base_url().clone(), Arc::clone(&transport));
        Self { emulator, transport, client: client.with_timeout(STEP_TIMEOUT), transport_name }
    }

    /// Runs every step in turn, until one fails.
    pub(super) async fn run(&self, timeline: &mut Timeline<'_>) -> Result<(), Failure> {
        let protected = self.emulator.protected_url();
        let path = protected.strip_prefix(self.emulator.base_url().as_str()).unwrap_or(&protected);
        let use_call = format!("GET    {path}");

        let first = self.step(timeline, "get a token", DELEGATE, self.get_token()).await?;
        self.step(timeline, "use it", &use_call, self.use_token(&first)).await?;
        let second = self.step(timeline, "refresh it", REFRESH, self.refresh(&first)).await?;
        self.step(timeline, "let it expire", &use_call, self.let_expire(&second)).await?;
        let third = self.step(timeline, "get another", DELEGATE, self.get_token()).await?;
        self.step(timeline, "use it", &use_call, self.use_token(&third)).await?;
        self.step(timeline, "clear the cache", CLEAR, self.clear_cache()).await
    }

    async fn step<T>(
        &self,
        timeline: &mut Timeline<'_>,
        step: &'static str,
        call: &str,
        work: impl Future<Output = Result<(T, String), Failure>>,
    ) -> Result<T, Failure> {
        timeline.step(step, call, work).await.map_err(|failure| match failure {
            Failure::Output(_) => failure,
            source => Failure::Step { transport: self.transport_name, step, source: Box::new(source) },
        })
    }

    async fn get_token(&self) -> Result<(Token, String), Failure> {
        let credential = self.emulator.credential();
        let token = self.client.get_delegate_access_token(credential).await;
        let token = token.map_err(|error| self.failed(Operation::GetToken, error))?;
        let lifetime = humantime::format_duration(lifetime(&token)?);
        let result = format!("for {}, valid for {lifetime}", credential.user_principal_name());
        Ok((token, result))
    }

    async fn use_token(&self, token: &Token) -> Result<((), String), Failure> {
        let response = self.call_protected(token.value.access_token()).await?;
        expect(&response, StatusCode::OK)?;
        let user = self.emulator.credential().user_principal_name().as_str();
        let caller: serde_json::Value =
            serde_json::from_slice(response.body().as_bytes()).unwrap_or_default();
        if caller["userPrincipalName"] != user {
            return Err(Failure::Unexpected(
                "the protected resource did not name the user of the token".into(),
            ));
        }
        Ok(((), format!("200 over {:?}: welcome, {user}", response.version())))
    }

    async fn refresh(&self, token: &Token) -> Result<(Token, String), Failure> {
        let none = || Failure::Unexpected("the emulator issued no refresh token".into());
        let old = token.value.refresh_token().ok_or_else(none)?;
        let refreshed = self.client.refresh_user_access_token(self.emulator.credential(), old).await;
        let refreshed = refreshed.map_err(|error| self.failed(Operation::RefreshToken, error))?;
        if refreshed.value.access_token() == token.value.access_token() {
            return Err(Failure::Unexpected("the refresh returned the old access token".into()));
        }
        if refreshed.value.refresh_token() == Some(old) {
            return Err(Failure::Unexpected("the refresh token was not rotated".into()));
        }
        Ok((refreshed, "a new token; the refresh token was rotated".into()))
    }

    async fn let_expire(&self, token: &Token) -> Result<((), String), Failure> {
        let wait = lifetime(token)? + Duration::from_secs(1);
        self.emulator.clock().advance(wait);
        let response = self.call_protected(token.value.access_token()).await?;
        expect(&response, StatusCode::UNAUTHORIZED)?;
        Ok(((), format!("401 after {} on the service's clock", humantime::format_duration(wait))))
    }

    async fn clear_cache(&self) -> Result<((), String), Failure> {
        let answer = self.client.delete_token_cache(self.emulator.credential()).await;
        let answer = answer.map_err(|error| self.failed(Operation::DeleteTokenCache, error))?;
        Ok(((), format!("{}: the service has deleted its cached tokens", answer.status.as_u16())))
    }

    /// Calls the protected resource through the transport, without the client, as an application would.
    async fn call_protected(&self, token: &AccessToken) -> Result<Response<Body>, Failure> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(TransportError::config)?;
        authorization.set_sensitive(true);
        let request = Request::get(self.emulator.protected_url())
            .header(AUTHORIZATION, authorization)
            .body(Body::empty())
            .map_err(TransportError::config)?;
        match tokio::time::timeout(STEP_TIMEOUT, self.transport.send(request)).await {
            Ok(response) => Ok(response.map_err(|error| self.failed(Operation::UseToken, error))?),
            Err(_) => Err(Failure::Unexpected(format!(
                "the protected resource did not answer within {STEP_TIMEOUT:?}"
            ))),
        }
    }

    fn failed(&self, operation: Operation, error: impl Into<CallError>) -> FailedCall {
        FailedCall::new(operation, self.emulator.base_url(), error)
    }
}

fn lifetime(token: &Token) -> Result<Duration, Failure> {
    Expiry::of_answer(token, DurationUnit::default())
        .lifetime()
        .ok_or_else(|| Failure::Unexpected("the lifetime of the token is unknown".into()))
}

fn expect(response: &Response<Body>, status: StatusCode) -> Result<(), Failure> {
    if response.status() == status {
        return Ok(());
    }
    Err(Failure::Unexpected(format!(
        "the protected resource answered {} instead of {status}",
        response.status()
    )))
}

const DELEGATE: &str = "POST   /auth/token/delegate";
const REFRESH: &str = "POST   /auth/token/refresh";
const CLEAR: &str = "DELETE /admin/auth/token/cache";

/// The emulator runs in this process, so a call that takes longer than this hangs.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use cg_auth_core::testing::ScriptedTransport;

    use super::*;

    #[tokio::test]
    async fn a_failed_step_is_named_and_skips_the_later_steps() {
        let mut out = Vec::new();
        let emulator = Emulator::start().await.unwrap();
        let answer = r#"{"isSuccess":true,"value":{"access_token":"opaque","duration":60}}"#;
        let transport = ScriptedTransport::new()
            .answer(Response::new(answer.into()))
            .answer(Response::builder().status(500).body(Body::empty()).unwrap());
        let steps = Steps::new(&emulator, Arc::new(transport), "scripted");
        let failure = steps.run(&mut Timeline::new(&mut out)).await.unwrap_err();
        assert_eq!(failure.to_string(), r#"the demo failed over scripted at the step "use it""#);
        let out = String::from_utf8(out).unwrap();
        assert_eq!((out.matches('✓').count(), out.matches('✗').count()), (1, 1), "{out}");
        assert_eq!(out.lines().count(), 2, "{out}");
    }
}

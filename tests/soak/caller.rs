//! [`Caller`]: a task that uses the tokens in every way, and gives up at random.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use cg_auth_core::{IssuedToken, TokenProvider, model::decode_base64url, time::Now};
use serde_json::Value;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    figures::Figures,
    rig::{LONGEST_WAIT, POOL_USERS, PROVIDERS, Side, own_credential, secret, user},
};

#[derive(Debug)]
pub(crate) struct Caller {
    number: usize,
    side: Arc<Side>,
    figures: Arc<Figures>,
    random: fastrand::Rng,
}

impl Caller {
    pub(crate) fn new(number: usize, side: Arc<Side>, figures: Arc<Figures>) -> Self {
        Self { number, side, figures, random: fastrand::Rng::with_seed(number as u64) }
    }

    pub(crate) async fn call_until(mut self, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            tokio::select! {
                () = self.call() => {}
                _ = stopped.changed() => {}
            }
        }
    }

    async fn call(&mut self) {
        let provider = self.provider();
        let begun = Now::system();
        match self.random.u16(..1000) {
            // A caller that gives up.
            0..150 => {
                let limit = Duration::from_micros(self.random.u64(..20_000));
                let _ = timeout(limit, provider.token()).await;
                self.figures.cancelled();
            }
            150..170 => {
                let limit = Duration::from_millis(self.random.u64(1..50));
                self.figures.ended(begun, provider.token_within(limit).await.is_ok());
            }
            170..180 => {
                if let Some(token) = provider.peek() {
                    let changes = provider.invalidate(&token);
                    self.figures.forced(provider.user_principal_name().as_str(), changes);
                }
            }
            180..184 => {
                provider.clear();
                self.figures.forced(provider.user_principal_name().as_str(), true);
            }
            184..188 => provider.replace_secret(secret(self.random.u8(1..3))),
            188 => self.side.pool.replace_secret(secret(self.random.u8(1..3))),
            189..200 => provider.prefetch(),
            200..280 => self.call_directly().await,
            280..290 => assert!(self.side.refused.token().await.is_err()),
            290..500 => {
                let result =
                    provider.authorization().await.map(|header| header.to_str().unwrap()[7..].to_owned());
                self.judge(&provider, begun, result.as_deref().ok());
            }
            _ => {
                let result = provider.token().await;
                self.judge(&provider, begun, result.as_ref().ok().map(IssuedToken::expose_secret));
            }
        }
        sleep(Duration::from_millis(self.random.u64(1..30))).await;
    }

    fn provider(&mut self) -> TokenProvider {
        let side = &self.side;
        match self.random.bool() {
            true => side.providers[self.random.usize(..PROVIDERS)].clone(),
            false => side.pool.for_user(&user(PROVIDERS + self.random.usize(..POOL_USERS))),
        }
    }

    /// A call without a provider, some of which are cancelled.
    async fn call_directly(&mut self) {
        let credential = own_credential(self.number);
        let call = self.side.client.get_delegate_access_token(&credential);
        let limit = match self.random.u8(..4) {
            0 => Duration::from_millis(self.random.u64(..50)),
            _ => LONGEST_WAIT,
        };
        let _ = timeout(limit, call).await;
        self.side.ledger.end(credential.user_principal_name().as_str());
        self.figures.direct_call();
    }

    /// A token is the user's, and was valid when the call began. An error says when to come back.
    fn judge(&self, provider: &TokenProvider, begun: Now, token: Option<&str>) {
        let waited = self.figures.ended(begun, token.is_some());
        if waited > LONGEST_WAIT {
            self.figures.violation(format!("a caller waited for {waited:?}"));
        }
        let Some(token) = token else { return };
        let claims = decode_base64url(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        let user = provider.user_principal_name();
        if claims["upn"] != *user.as_str() {
            self.figures.violation(format!("a token of {} for {user}", claims["upn"]));
        }
        let expires_at = UNIX_EPOCH + Duration::from_secs(claims["exp"].as_u64().unwrap());
        if begun.wall() >= expires_at {
            self.figures.violation(format!("a token of {user} had expired at {expires_at:?}"));
        }
    }
}

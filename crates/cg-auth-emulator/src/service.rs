//! [`Service`]: from a request to an answer, without a socket.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use cg_auth_core::{ApiCredential, body::Body};
use http::{HeaderMap, Request, Response};
use serde::Serialize;

use crate::{
    answer::Answering,
    clock::EmulatorClock,
    credential_check::KeyHeaderPolicy,
    jwt::Claims,
    operations::{Operation, Outcome},
    refusal::Refusal,
    tokens::Tokens,
};

/// The emulated service: what it knows, and how it answers.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) credential: ApiCredential,
    pub(crate) key_header_policy: KeyHeaderPolicy,
    pub(crate) clock: EmulatorClock,
    tokens: Mutex<Tokens>,
}

impl Service {
    pub(crate) fn new(
        credential: ApiCredential,
        key_header_policy: KeyHeaderPolicy,
        clock: EmulatorClock,
        token_lifetime: Duration,
    ) -> Self {
        Self { credential, key_header_policy, clock, tokens: Mutex::new(Tokens::new(token_lifetime)) }
    }

    /// Answers a request, whatever it is. The clock is read once, so that all of an answer is of one moment.
    pub(crate) fn answer(&self, request: &Request<Body>) -> Response<Body> {
        let now = self.clock.now().wall();
        let answering = Answering::to(request.headers(), now);
        let outcome = Operation::of(request).and_then(|operation| operation.perform(self, request, now));
        match outcome {
            Ok(Outcome::Issued(result)) => answering.json(&result.wire(answering.contract)),
            Ok(Outcome::Deleted) => answering.empty(),
            Ok(Outcome::Caller(claims)) => answering.json(&Caller::of(&claims)),
            Err(refusal) => answering.refusal(refusal, self.tokens().random_id()),
        }
    }

    /// Answers a request whose body could not be had.
    pub(crate) fn refuse(&self, headers: &HeaderMap, refusal: Refusal) -> Response<Body> {
        Answering::to(headers, self.clock.now().wall()).refusal(refusal, self.tokens().random_id())
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The protected resource: who the caller is. It is no operation of the vendor's, so it has one spelling.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Caller<'a> {
    user_principal_name: &'a str,
    token_id: &'a str,
    issued_at: String,
    expires_at: Option<String>,
}

impl<'a> Caller<'a> {
    fn of(claims: &'a Claims) -> Self {
        Self {
            user_principal_name: &claims.upn,
            token_id: &claims.jti,
            issued_at: date(claims.iat).unwrap_or_default(),
            expires_at: date(claims.exp),
        }
    }
}

/// RFC 3339, or `None` beyond what it can tell.
fn date(seconds: u64) -> Option<String> {
    let moment = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    (seconds < 253_402_300_800).then(|| humantime::format_rfc3339_seconds(moment).to_string())
}

#[cfg(test)]
mod tests;

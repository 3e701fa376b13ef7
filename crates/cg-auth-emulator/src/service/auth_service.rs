//! [`Service`]: from a request to an answer, without a socket.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use cg_auth_core::{
    UserPrincipalName,
    body::Body,
    model::{DelegatedAccessTokenApiResult, DelegatedAccessTokenApiResultValue},
};
use http::{
    HeaderMap, HeaderValue, Request, Response,
    header::{AUTHORIZATION, CONTENT_TYPE},
};

use crate::{
    answer::Answering,
    caller::Caller,
    clock::EmulatorClock,
    credential_check::Carried,
    jwt::Claims,
    operation::Operation,
    refusal::Refusal,
    settings::{Refusals, Settings},
    tokens::Tokens,
    users::{User, Users},
};

/// The emulated service: what it knows, and how it answers.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) users: Users,
    settings: Settings,
    clock: EmulatorClock,
    tokens: Mutex<Tokens>,
}

impl Service {
    pub(crate) fn new(users: Users, settings: Settings, clock: EmulatorClock) -> Self {
        let tokens = Mutex::new(Tokens::new(settings.tokens.clone()));
        Self { users, settings, clock, tokens }
    }

    /// Answers a request, whatever it is. The clock is read once, so that all of an answer is of one moment.
    pub(crate) fn answer(&self, request: &Request<Body>) -> Response<Body> {
        let now = self.clock.now().wall();
        let answering = self.answering(request.headers(), now);
        match self.perform(request, now) {
            Ok(Outcome::Issued(value)) => {
                answering.json(&DelegatedAccessTokenApiResult::success(value).wire(answering.contract))
            }
            Ok(Outcome::Deleted) => answering.empty(),
            Ok(Outcome::Caller(claims)) => answering.json(&Caller::of(&claims)),
            Err(Refused::InEnvelope(refusal)) => {
                let result = DelegatedAccessTokenApiResult::refusal(refusal.message);
                answering.json(&result.wire(answering.contract))
            }
            Err(Refused::ByStatus(refusal)) => answering.refusal(refusal, self.tokens().random_id()),
        }
    }

    /// Answers a request that need not, or cannot, be looked at.
    pub(crate) fn refuse(&self, headers: &HeaderMap, refusal: Refusal) -> Response<Body> {
        self.answering(headers, self.clock.now().wall()).refusal(refusal, self.tokens().random_id())
    }

    /// Forgets every token that was issued; none is accepted any more.
    pub(crate) fn reset(&self) {
        self.tokens().reset();
    }

    fn perform(&self, request: &Request<Body>, now: SystemTime) -> Result<Outcome, Refused> {
        let headers = request.headers();
        let operation = Operation::of(request.method(), request.uri().path()).map_err(Refused::ByStatus)?;
        let outcome = match operation {
            Operation::GetDelegateAccessToken => self.delegate(request, now),
            Operation::RefreshUserAccessToken => self.refresh(headers, now),
            Operation::DeleteTokenCache => {
                return self.delete_token_cache(request).map_err(Refused::ByStatus);
            }
            Operation::ProtectedResource => self.who_am_i(headers, now),
            Operation::Other => Err(Refusal::NOT_FOUND),
        };
        let in_envelope = self.settings.refusals == Refusals::IsSuccessFalse;
        outcome.map_err(|refusal| {
            let refused =
                if in_envelope && refusal.judges_the_asker { Refused::InEnvelope } else { Refused::ByStatus };
            refused(refusal)
        })
    }

    fn delegate(&self, request: &Request<Body>, now: SystemTime) -> Result<Outcome, Refusal> {
        let user = self.asker(request)?;
        Ok(Outcome::Issued(self.tokens().delegate(name(user), now)))
    }

    /// Refresh has neither body nor query: everything is in the headers. A body is not looked at.
    fn refresh(&self, headers: &HeaderMap, now: SystemTime) -> Result<Outcome, Refusal> {
        let Carried::By(user) = Carried::in_headers(headers, &self.users) else {
            return Err(Refusal::INVALID_CREDENTIAL);
        };
        let user = enabled(user)?;
        let presented = headers.get("refresh_token").map_or(&b""[..], HeaderValue::as_bytes);
        let issued = self.tokens().refresh(name(user), presented, now);
        issued.map(Outcome::Issued).map_err(|_| Refusal::INVALID_REFRESH_TOKEN)
    }

    fn delete_token_cache(&self, request: &Request<Body>) -> Result<Outcome, Refusal> {
        if !self.asker(request)?.is_administrator() {
            return Err(Refusal::NO_ADMINISTRATOR);
        }
        self.tokens().forget();
        Ok(Outcome::Deleted)
    }

    fn who_am_i(&self, headers: &HeaderMap, now: SystemTime) -> Result<Outcome, Refusal> {
        let authorization = headers.get(AUTHORIZATION).ok_or_else(Refusal::no_access_token)?;
        let token = authorization.to_str().ok().and_then(bearer_token);
        let claims = token.and_then(|token| self.tokens().check(token, now));
        claims.map(Outcome::Caller).ok_or_else(Refusal::invalid_access_token)
    }

    /// Who asks for a delegation or a deletion: the credential where the policy wants it, the body JSON if
    /// there is one.
    fn asker(&self, request: &Request<Body>) -> Result<&User, Refusal> {
        let (headers, body) = (request.headers(), request.body());
        if !body.is_empty() && !headers.get(CONTENT_TYPE).is_none_or(is_json) {
            return Err(Refusal::UNSUPPORTED_MEDIA_TYPE);
        }
        let in_body = Carried::in_body(body.as_bytes(), &self.users)?;
        let in_headers = Carried::in_headers(headers, &self.users);
        enabled(self.settings.key_header_policy.check(in_headers, in_body)?)
    }

    fn answering(&self, headers: &HeaderMap, now: SystemTime) -> Answering {
        Answering::to(headers, self.settings.contract, now)
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an operation that was not refused has to say.
enum Outcome {
    Issued(DelegatedAccessTokenApiResultValue),
    Deleted,
    Caller(Claims),
}

/// The two ways to say no.
enum Refused {
    ByStatus(Refusal),
    InEnvelope(Refusal),
}

fn enabled(user: &User) -> Result<&User, Refusal> {
    if user.is_enabled() { Ok(user) } else { Err(Refusal::USER_DISABLED) }
}

const fn name(user: &User) -> &UserPrincipalName {
    user.credential().user_principal_name()
}

/// What ASP.NET Core takes for JSON. The vendor's clients have sent `application/json-patch+json` too.
fn is_json(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || media_type == "text/json" || media_type.ends_with("+json")
}

/// The token of `Bearer TOKEN`; the scheme ignores case (RFC 9110 section 11.1).
fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_start())
}

#[cfg(test)]
mod tests;

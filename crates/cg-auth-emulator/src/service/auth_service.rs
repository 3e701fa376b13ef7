//! [`AuthService`]: the emulated service, which turns a request into its answer.

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

use super::{
    answer::AnswerFormat,
    caller::Caller,
    credential_check::PresentedCredential,
    jwt::Claims,
    settings::{Refusals, Settings},
    tokens::Tokens,
    users::Users,
};
use crate::{clock::EmulatorClock, operation::Operation, refusal::Refusal, user::User};

/// The emulated service: its users, its settings and its tokens.
#[derive(Debug)]
pub(crate) struct AuthService {
    users: Users,
    settings: Settings,
    clock: EmulatorClock,
    tokens: Mutex<Tokens>,
}

impl AuthService {
    pub(crate) fn new(users: Users, settings: Settings, clock: EmulatorClock) -> Self {
        let tokens = Mutex::new(Tokens::new(settings.tokens.clone()));
        Self { users, settings, clock, tokens }
    }

    /// Answers any request. It reads the clock once, so all dates in an answer agree.
    pub(crate) fn answer(&self, request: &Request<Body>) -> Response<Body> {
        let now = self.clock.now().wall();
        let format = self.format(request.headers(), now);
        match self.run_operation(request, now) {
            Ok(Outcome::Issued(value)) => {
                format.json(&DelegatedAccessTokenApiResult::success(value).wire(format.contract))
            }
            Ok(Outcome::Deleted) => format.empty(),
            Ok(Outcome::Caller(claims)) => format.json(&Caller::new(&claims)),
            Err(Refused::InEnvelope(refusal)) => {
                let result = DelegatedAccessTokenApiResult::refusal(refusal.message);
                format.json(&result.wire(format.contract))
            }
            Err(Refused::ByStatus(refusal)) => format.refusal(refusal, self.tokens().random_id()),
        }
    }

    /// Refuses a request without looking at its operation.
    pub(crate) fn refuse(&self, headers: &HeaderMap, refusal: Refusal) -> Response<Body> {
        self.format(headers, self.clock.now().wall()).refusal(refusal, self.tokens().random_id())
    }

    /// Forgets every issued token and generates a new key, so that the service refuses all of them from then
    /// on.
    pub(crate) fn reset(&self) {
        self.tokens().reset();
    }

    pub(crate) const fn users(&self) -> &Users {
        &self.users
    }

    fn run_operation(&self, request: &Request<Body>, now: SystemTime) -> Result<Outcome, Refused> {
        let headers = request.headers();
        let operation = Operation::of(request.method(), request.uri().path()).map_err(Refused::ByStatus)?;
        let outcome = match operation {
            Operation::GetDelegateAccessToken => self.delegate(request, now),
            Operation::RefreshUserAccessToken => self.refresh(headers, now),
            Operation::DeleteTokenCache => {
                return self.delete_token_cache(request).map_err(Refused::ByStatus);
            }
            Operation::ProtectedResource => self.identify_caller(headers, now),
            Operation::Other => Err(Refusal::NOT_FOUND),
        };
        let in_envelope = self.settings.refusals == Refusals::IsSuccessFalse;
        outcome.map_err(|refusal| {
            if in_envelope && refusal.rejects_credentials {
                Refused::InEnvelope(refusal)
            } else {
                Refused::ByStatus(refusal)
            }
        })
    }

    fn delegate(&self, request: &Request<Body>, now: SystemTime) -> Result<Outcome, Refusal> {
        let user = self.authenticate(request)?;
        Ok(Outcome::Issued(self.tokens().delegate(name(user), now)))
    }

    /// A refresh reads the headers only. It ignores a query and a body.
    fn refresh(&self, headers: &HeaderMap, now: SystemTime) -> Result<Outcome, Refusal> {
        let PresentedCredential::Of(user) = PresentedCredential::in_headers(headers, &self.users) else {
            return Err(Refusal::INVALID_CREDENTIAL);
        };
        let user = enabled(user)?;
        let presented = headers.get("refresh_token").map_or(&b""[..], HeaderValue::as_bytes);
        let issued = self.tokens().refresh(name(user), presented, now);
        issued.map(Outcome::Issued).map_err(|_| Refusal::INVALID_REFRESH_TOKEN)
    }

    fn delete_token_cache(&self, request: &Request<Body>) -> Result<Outcome, Refusal> {
        if !self.authenticate(request)?.is_administrator() {
            return Err(Refusal::NO_ADMINISTRATOR);
        }
        self.tokens().forget_cache();
        Ok(Outcome::Deleted)
    }

    fn identify_caller(&self, headers: &HeaderMap, now: SystemTime) -> Result<Outcome, Refusal> {
        let authorization = headers.get(AUTHORIZATION).ok_or_else(Refusal::no_access_token)?;
        let token = authorization.to_str().ok().and_then(bearer_token);
        let claims = token.and_then(|token| self.tokens().check(token, now));
        claims.map(Outcome::Caller).ok_or_else(Refusal::invalid_access_token)
    }

    /// Authenticates the user: the credential must be in the headers, in the body or in both, as the policy
    /// requires. A body must be declared as JSON.
    fn authenticate(&self, request: &Request<Body>) -> Result<&User, Refusal> {
        let (headers, body) = (request.headers(), request.body());
        if !body.is_empty() && !headers.get(CONTENT_TYPE).is_none_or(is_json) {
            return Err(Refusal::UNSUPPORTED_MEDIA_TYPE);
        }
        let in_body = PresentedCredential::in_body(body.as_bytes(), &self.users)?;
        let in_headers = PresentedCredential::in_headers(headers, &self.users);
        enabled(self.settings.key_header_policy.check(in_headers, in_body)?)
    }

    fn format(&self, headers: &HeaderMap, now: SystemTime) -> AnswerFormat {
        AnswerFormat::new(headers, self.settings.contract, now)
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of an operation that succeeded.
enum Outcome {
    Issued(DelegatedAccessTokenApiResultValue),
    Deleted,
    Caller(Claims),
}

/// The two forms of a refusal: an error status, or 200 with `isSuccess: false`.
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

/// Whether ASP.NET Core reads this type as JSON. Some of the vendor's clients send
/// `application/json-patch+json`.
fn is_json(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || media_type == "text/json" || media_type.ends_with("+json")
}

/// The token of `Bearer TOKEN`. The scheme is case-insensitive (RFC 9110 section 11.1).
fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_start())
}

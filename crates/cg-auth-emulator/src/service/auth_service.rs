//! [`AuthService`]: the emulated service, which turns a request into its answer.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::SystemTime,
};

use cg_auth_core::{
    ApiCredential, UserPrincipalName,
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
    service_settings::ServiceSettings,
    settings::{Refusals, Settings},
    tokens::{TokenCounts, Tokens},
    users::{UserError, Users},
};
use crate::{
    clock::EmulatorClock,
    digest::{DigestKey, Issued, Shown},
    operation::Operation,
    refusal::Refusal,
    user::User,
};

/// The emulated service: its users, its settings and its tokens.
#[derive(Debug)]
pub(crate) struct AuthService {
    users: RwLock<Arc<Users>>,
    settings: RwLock<Arc<Settings>>,
    clock: EmulatorClock,
    digests: DigestKey,
    tokens: Mutex<Tokens>,
}

impl AuthService {
    pub(crate) fn new(users: Users, settings: Settings, clock: EmulatorClock) -> Self {
        let tokens = Mutex::new(Tokens::new(settings.tokens.clone()));
        let digests = DigestKey::new(settings.tokens.seed);
        let (users, settings) = (RwLock::new(Arc::new(users)), RwLock::new(Arc::new(settings)));
        Self { users, settings, clock, digests, tokens }
    }

    /// Answers any request. It reads the clock once, so all dates in an answer agree.
    pub(crate) fn answer(&self, request: &Request<Body>) -> Response<Body> {
        let now = self.clock.now().wall();
        let format = self.format(request.headers(), now);
        match self.run_operation(request, now) {
            Ok(Outcome::Issued(value)) => {
                let issued = self.issued(&value);
                let result = DelegatedAccessTokenApiResult::success(value);
                let mut response = format.json(&result.wire(format.contract));
                response.extensions_mut().insert(issued);
                response
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

    /// Which user a request names, and the digests of what it shows. A request that names no known user may
    /// hold a secret in the place of the name, so the name is not repeated.
    pub(crate) fn shown(&self, headers: &HeaderMap, body: &[u8]) -> Shown {
        let header = |name| headers.get(name).map(HeaderValue::as_bytes);
        let in_body = serde_json::from_slice::<ApiCredential>(body).ok();
        let name = header("userprincipalname")
            .or_else(|| in_body.as_ref().map(|it| it.user_principal_name().as_str().as_bytes()));
        let secret = header("clientsecret")
            .or_else(|| in_body.as_ref().map(|it| it.client_secret().expose_secret().as_bytes()));
        let access_token = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok()).and_then(bearer_token);
        let owner = access_token.and_then(|token| self.tokens().owner(token));
        let name = name.map(<[u8]>::to_vec).or_else(|| owner.map(String::into_bytes));
        Shown {
            user: name.and_then(|name| self.users().named(&name).map(|user| user.name().to_owned())),
            client_secret: secret.map(|value| self.digests.digest(value)),
            access_token: access_token.map(|value| self.digests.digest(value.as_bytes())),
            refresh_token: header("refresh_token").map(|value| self.digests.digest(value)),
        }
    }

    /// The digest of a secret or token, as the log shows it.
    pub(crate) fn digest(&self, value: &str) -> String {
        self.digests.digest(value.as_bytes())
    }

    /// Forgets every issued token and refuses all of them from then on. Under a seed the tokens repeat.
    pub(crate) fn reset_tokens(&self) {
        self.tokens().reset();
    }

    /// Refuses every token that was issued until now, and goes on without repeating one.
    pub(crate) fn revoke_all(&self) {
        self.tokens().revoke_all();
    }

    /// Refuses one access or refresh token from now on; `false` if the service does not know it.
    pub(crate) fn revoke_token(&self, token: &str) -> bool {
        self.tokens().revoke_token(token)
    }

    /// Refuses every token of a user that was issued until now.
    ///
    /// # Errors
    /// [`UserError::Unknown`] when no user has the name.
    pub(crate) fn revoke_user(&self, user: &str) -> Result<(), UserError> {
        let users = self.users();
        let user = users.named(user.as_bytes()).ok_or(UserError::Unknown)?;
        self.tokens().revoke_user(name(user));
        Ok(())
    }

    pub(crate) fn token_counts(&self) -> TokenCounts {
        let now = self.clock.now().wall();
        self.tokens().counts(now)
    }

    pub(crate) fn users(&self) -> Arc<Users> {
        Arc::clone(&self.users.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces every user. Tokens stay as they are.
    pub(crate) fn set_users(&self, users: Arc<Users>) {
        *self.users.write().unwrap_or_else(PoisonError::into_inner) = users;
    }

    /// # Errors
    /// [`UserError`] when the name is taken or there are too many users.
    pub(crate) fn add_user(&self, user: User) -> Result<(), UserError> {
        self.with_users(|users| users.add(user))
    }

    /// # Errors
    /// [`UserError::Unknown`] when no user has the name.
    pub(crate) fn change_user(&self, name: &str, change: impl FnOnce(User) -> User) -> Result<(), UserError> {
        self.with_users(|users| users.change(name, change))
    }

    /// Removes a user and revokes the user's tokens.
    ///
    /// # Errors
    /// [`UserError::Unknown`] when no user has the name.
    pub(crate) fn remove_user(&self, user: &str) -> Result<(), UserError> {
        let removed = self.with_users(|users| users.remove(user))?;
        self.tokens().revoke_user(name(&removed));
        Ok(())
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the settings for every later request. Tokens that were issued keep their lifetimes.
    pub(crate) fn set_settings(&self, settings: Arc<Settings>) {
        self.tokens().configure(&settings.tokens);
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// Changes the settings, all but the seed.
    pub(crate) fn change_settings(&self, settings: ServiceSettings) {
        let seed = self.settings().tokens.seed;
        self.set_settings(Arc::new(settings.into_settings(seed)));
    }

    fn with_users<T>(&self, change: impl FnOnce(&mut Users) -> Result<T, UserError>) -> Result<T, UserError> {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut users))
    }

    fn issued(&self, value: &DelegatedAccessTokenApiResultValue) -> Issued {
        let access_token = value.access_token.as_ref().map(|token| self.digest(token.expose_secret()));
        let refresh_token = value.refresh_token.as_ref().map(|token| self.digest(token.expose_secret()));
        Issued { access_token, refresh_token }
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
        let in_envelope = self.settings().refusals == Refusals::IsSuccessFalse;
        outcome.map_err(|refusal| {
            if in_envelope && refusal.rejects_credentials {
                Refused::InEnvelope(refusal)
            } else {
                Refused::ByStatus(refusal)
            }
        })
    }

    fn delegate(&self, request: &Request<Body>, now: SystemTime) -> Result<Outcome, Refusal> {
        let users = self.users();
        let user = self.authenticate(request, &users)?;
        Ok(Outcome::Issued(self.tokens().delegate(name(user), now)))
    }

    /// A refresh reads the headers only. It ignores a query and a body.
    fn refresh(&self, headers: &HeaderMap, now: SystemTime) -> Result<Outcome, Refusal> {
        let users = self.users();
        let PresentedCredential::Of(user) = PresentedCredential::in_headers(headers, &users) else {
            return Err(Refusal::INVALID_CREDENTIAL);
        };
        let user = enabled(user)?;
        let presented = headers.get("refresh_token").map_or(&b""[..], HeaderValue::as_bytes);
        let issued = self.tokens().refresh(name(user), presented, now);
        issued.map(Outcome::Issued).map_err(|_| Refusal::INVALID_REFRESH_TOKEN)
    }

    fn delete_token_cache(&self, request: &Request<Body>) -> Result<Outcome, Refusal> {
        let users = self.users();
        if !self.authenticate(request, &users)?.is_administrator() {
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
    fn authenticate<'a>(&self, request: &Request<Body>, users: &'a Users) -> Result<&'a User, Refusal> {
        let (headers, body) = (request.headers(), request.body());
        if !body.is_empty() && !headers.get(CONTENT_TYPE).is_none_or(is_json) {
            return Err(Refusal::UNSUPPORTED_MEDIA_TYPE);
        }
        let in_body = PresentedCredential::in_body(body.as_bytes(), users)?;
        let in_headers = PresentedCredential::in_headers(headers, users);
        enabled(self.settings().key_header_policy.check(in_headers, in_body)?)
    }

    fn format(&self, headers: &HeaderMap, now: SystemTime) -> AnswerFormat {
        AnswerFormat::new(headers, self.settings().contract, now)
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

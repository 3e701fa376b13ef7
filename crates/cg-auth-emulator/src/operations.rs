//! What the emulator can be asked for: the three operations of SPEC section 1, and a protected resource.

use std::time::SystemTime;

use cg_auth_core::{
    body::Body,
    model::{DelegatedAccessTokenApiResult, DelegatedAccessTokenApiResultValue},
};
use http::{
    HeaderMap, HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE},
};

use crate::{credential_check::Carried, jwt::Claims, refusal::Refusal, service::Service};

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// `POST /auth/token/delegate`
    GetDelegateAccessToken,
    /// `POST /auth/token/refresh`
    RefreshUserAccessToken,
    /// `DELETE /admin/auth/token/cache`
    DeleteTokenCache,
    /// `GET /me`, which stands for everything else that the service offers to a bearer of a token.
    WhoAmI,
}

/// What an operation that was not refused has to say.
#[derive(Debug)]
pub(crate) enum Outcome {
    Issued(DelegatedAccessTokenApiResult),
    Deleted,
    Caller(Claims),
}

impl Operation {
    /// The operation that a request means. A path is taken literally: a doubled slash is another path.
    pub(crate) fn of(request: &Request<Body>) -> Result<Self, Refusal> {
        let (operation, method, allowed) = match request.uri().path() {
            "/auth/token/delegate" => (Self::GetDelegateAccessToken, Method::POST, "POST"),
            "/auth/token/refresh" => (Self::RefreshUserAccessToken, Method::POST, "POST"),
            "/admin/auth/token/cache" => (Self::DeleteTokenCache, Method::DELETE, "DELETE"),
            PROTECTED_PATH => (Self::WhoAmI, Method::GET, "GET"),
            _ => return Err(Refusal::NOT_FOUND),
        };
        if *request.method() == method { Ok(operation) } else { Err(Refusal::method_not_allowed(allowed)) }
    }

    pub(crate) fn perform(
        self,
        service: &Service,
        request: &Request<Body>,
        now: SystemTime,
    ) -> Result<Outcome, Refusal> {
        match self {
            Self::GetDelegateAccessToken => {
                check_credential(service, request)?;
                Ok(issued(service.tokens().issue(service.credential.user_principal_name(), now)))
            }
            Self::RefreshUserAccessToken => refresh(service, request.headers(), now),
            Self::DeleteTokenCache => {
                check_credential(service, request)?;
                service.tokens().forget();
                Ok(Outcome::Deleted)
            }
            Self::WhoAmI => who_am_i(service, request.headers(), now),
        }
    }
}

/// Where the protected resource is.
pub(crate) const PROTECTED_PATH: &str = "/me";

/// Delegate and delete: the credential where the policy wants it, the body JSON if there is one.
fn check_credential(service: &Service, request: &Request<Body>) -> Result<(), Refusal> {
    let (headers, body) = (request.headers(), request.body());
    if !body.is_empty() && !headers.get(CONTENT_TYPE).is_none_or(is_json) {
        return Err(Refusal::UNSUPPORTED_MEDIA_TYPE);
    }
    let in_body = Carried::in_body(body.as_bytes(), &service.credential)?;
    service.key_header_policy.check(Carried::in_headers(headers, &service.credential), in_body)
}

/// What ASP.NET Core takes for JSON. The vendor's clients have sent `application/json-patch+json` too.
fn is_json(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || media_type == "text/json" || media_type.ends_with("+json")
}

/// Refresh has neither body nor query: everything is in the headers. A body is not looked at.
fn refresh(service: &Service, headers: &HeaderMap, now: SystemTime) -> Result<Outcome, Refusal> {
    if Carried::in_headers(headers, &service.credential) != Carried::Right {
        return Err(Refusal::INVALID_CREDENTIAL);
    }
    let presented = headers.get("refresh_token").map_or(&b""[..], HeaderValue::as_bytes);
    let mut tokens = service.tokens();
    if !tokens.redeem(presented) {
        return Err(Refusal::INVALID_REFRESH_TOKEN);
    }
    Ok(issued(tokens.issue(service.credential.user_principal_name(), now)))
}

fn who_am_i(service: &Service, headers: &HeaderMap, now: SystemTime) -> Result<Outcome, Refusal> {
    let authorization = headers.get(AUTHORIZATION).ok_or_else(Refusal::no_access_token)?;
    let token = authorization.to_str().ok().and_then(bearer_token);
    let claims = token.and_then(|token| service.tokens().check(token, now));
    claims.map(Outcome::Caller).ok_or_else(Refusal::invalid_access_token)
}

/// The token of `Bearer TOKEN`; the scheme ignores case (RFC 9110 section 11.1).
fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_start())
}

fn issued(value: DelegatedAccessTokenApiResultValue) -> Outcome {
    Outcome::Issued(DelegatedAccessTokenApiResult::success(value))
}

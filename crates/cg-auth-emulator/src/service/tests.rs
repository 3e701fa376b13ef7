//! The service without a socket: `cg_auth_core` builds the requests and reads the answers.

use std::time::Duration;

use cg_auth_core::{
    ApiCredential, ClientSecret, UserPrincipalName,
    body::Body,
    endpoint::{
        DeleteTokenCache, Endpoint, EndpointError, GetDelegateAccessToken, RefreshUserAccessToken,
        RequestOptions,
    },
    model::{DelegatedAccessToken, JsonContract, RefreshToken},
    testing::ManualClock,
    time::Runtime as _,
    token::{DurationUnit, Expiry, ExpirySource},
};
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, DATE, WWW_AUTHENTICATE},
};

use super::{AuthService, Refusals, Settings, Users};
use crate::user::User;

mod answers;
mod every_token;
mod users;

#[test]
fn a_delegated_token_is_accepted_until_it_expires() {
    let service = Fixture::new();
    let token = service.delegate().unwrap();
    assert_eq!(token.duration(), 3600);

    let answer = service.who_am_i(token.access_token().expose_secret());
    assert_eq!(answer.status(), StatusCode::OK);
    let caller: serde_json::Value = serde_json::from_slice(answer.body().as_bytes()).unwrap();
    assert_eq!(caller["userPrincipalName"], "someone@example.com");
    assert_eq!(caller["issuedAt"], "2030-01-01T00:00:00Z");
    assert_eq!(caller["expiresAt"], "2030-01-01T01:00:00Z");

    service.clock.advance(Duration::from_secs(3600));
    let answer = service.who_am_i(token.access_token().expose_secret());
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers()[WWW_AUTHENTICATE], r#"Bearer error="invalid_token""#);
}

#[test]
fn a_refresh_uses_up_its_refresh_token_and_the_next_one_works() {
    let service = Fixture::new();
    let first = service.delegate().unwrap();
    let second = service.refresh(first.refresh_token().unwrap()).unwrap();
    assert_ne!(first.access_token(), second.access_token());
    assert_ne!(first.refresh_token(), second.refresh_token());

    let refused = service.refresh(first.refresh_token().unwrap()).unwrap_err();
    assert_eq!(
        (refused.status(), refused.code()),
        (Some(StatusCode::BAD_REQUEST), Some("InvalidRefreshToken"))
    );
    assert!(service.refresh(second.refresh_token().unwrap()).is_ok());
}

#[test]
fn reuse_of_a_refresh_token_revokes_every_token_of_its_delegation() {
    let mut settings = Settings::default();
    settings.tokens.reuse_detection = true;
    let service = Fixture::with(settings, User::new(credential("u@x")), []);
    let first = service.delegate().unwrap();
    let second = service.refresh(first.refresh_token().unwrap()).unwrap();
    let third = service.refresh(second.refresh_token().unwrap()).unwrap();

    assert!(service.refresh(first.refresh_token().unwrap()).is_err());
    assert!(service.refresh(third.refresh_token().unwrap()).is_err());
    for token in [&first, &second, &third] {
        assert_eq!(service.who_am_i(token.access_token().expose_secret()).status(), StatusCode::UNAUTHORIZED);
    }
    let fresh = service.delegate().unwrap();
    assert_eq!(service.who_am_i(fresh.access_token().expose_secret()).status(), StatusCode::OK);
}

#[test]
fn deleting_the_cache_forgets_refresh_tokens_and_keeps_access_tokens_valid() {
    let service = Fixture::new();
    let token = service.delegate().unwrap();
    service.call(&DeleteTokenCache::new(service.credential.clone())).unwrap();
    assert!(service.refresh(token.refresh_token().unwrap()).is_err());
    assert_eq!(service.who_am_i(token.access_token().expose_secret()).status(), StatusCode::OK);
}

#[test]
fn every_date_of_an_answer_comes_from_the_emulators_clock() {
    let service = Fixture::new();
    service.clock.advance(Duration::from_secs(90));
    let request = GetDelegateAccessToken::new(service.credential.clone())
        .to_request(&base(), &RequestOptions::new())
        .unwrap();
    let answer = service.service.answer(&request);
    assert_eq!(answer.headers()[DATE], "Tue, 01 Jan 2030 00:01:30 GMT");

    let endpoint = GetDelegateAccessToken::new(service.credential.clone());
    let answer = endpoint.read(answer).unwrap().sent_at(service.clock.now());
    let expiry = Expiry::of_answer(&answer, DurationUnit::Seconds);
    assert_eq!(expiry.lifetime(), Some(Duration::from_secs(3600)));
    assert_ne!(expiry.source(), ExpirySource::Unknown);

    let refused = service.refresh(&RefreshToken::new("unknown").unwrap()).unwrap_err();
    assert_eq!(refused.date(), Some("2030-01-01T00:01:30Z"));
    assert_eq!(refused.request_id().map(str::len), Some(32));
}

#[test]
fn every_operation_refuses_a_wrong_secret_or_user() {
    let service = Fixture::new();
    let good = &service.credential;
    for credential in [
        ApiCredential::new(ClientSecret::new("other").unwrap(), good.user_principal_name().clone()),
        ApiCredential::new(good.client_secret().clone(), UserPrincipalName::new("other@x").unwrap()),
    ] {
        let token = service.delegate().unwrap().refresh_token().unwrap().clone();
        for refused in [
            service.call(&GetDelegateAccessToken::new(credential.clone())).unwrap_err(),
            service.call(&RefreshUserAccessToken::new(credential.clone(), token.clone())).unwrap_err(),
            service.call(&DeleteTokenCache::new(credential)).unwrap_err(),
        ] {
            assert_eq!(refused.code(), Some("InvalidCredential"));
        }
        assert!(service.refresh(&token).is_ok(), "the refused refresh has used up the token");
    }
}

#[test]
fn every_method_path_and_content_type_has_its_status() {
    let service = Fixture::new();
    let body = r#"{"clientSecret":"s3cret","userPrincipalName":"someone@example.com"}"#;
    for (method, target, content_type, body, status) in [
        ("POST", "/auth/token/delegate", "application/json", body, 200),
        ("POST", "/auth/token/delegate?x=1", "application/json; charset=utf-8", body, 200),
        ("POST", "/auth/token/delegate", "application/json-patch+json", body, 200),
        ("POST", "/auth/token/delegate", "", body, 415),
        ("POST", "/auth/token/delegate", "application/x-www-form-urlencoded", body, 415),
        ("POST", "/auth/token/delegate", "application/json", "{", 400),
        ("POST", "/auth/token/delegate", "application/json", "", 400),
        ("POST", "/auth/token/delegate", "application/json", r#"{"clientSecret":null}"#, 400),
        ("POST", "/auth/token/refresh", "application/x-www-form-urlencoded", "", 400),
        ("DELETE", "/admin/auth/token/cache", "application/json", body, 200),
        ("GET", "/me", "", "", 401),
        ("GET", "/auth/token/delegate", "", "", 405),
        ("POST", "/admin/auth/token/cache", "application/json", body, 405),
        ("OPTIONS", "*", "", "", 404),
        ("POST", "//auth/token/delegate", "application/json", body, 404),
        ("POST", "/?x=1/auth/token/delegate", "application/json", body, 404),
        ("GET", "/", "", "", 404),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header(CONTENT_TYPE, content_type)
            .header("clientSecret", "s3cret")
            .header("userPrincipalName", "someone@example.com");
        let answer = service.service.answer(&request.body(body.into()).unwrap());
        assert_eq!(answer.status(), status, "{method} {target} {content_type} {body}");
        assert_eq!(answer.headers().contains_key(ALLOW), status == 405);
    }
}

#[test]
fn only_an_access_token_of_this_service_is_accepted() {
    let service = Fixture::new();
    let foreign = Fixture::new().delegate().unwrap();
    let own = service.delegate().unwrap();
    for token in [
        "",
        "a.b.c",
        "é",
        foreign.access_token().expose_secret(),
        own.refresh_token().unwrap().expose_secret(),
    ] {
        assert_eq!(service.who_am_i(token).status(), StatusCode::UNAUTHORIZED);
    }
    let basic =
        Request::get("/me").header(AUTHORIZATION, format!("Basic {}", own.access_token().expose_secret()));
    assert_eq!(
        service.service.answer(&basic.body(Body::empty()).unwrap()).status(),
        StatusCode::UNAUTHORIZED
    );
}

struct Fixture {
    service: AuthService,
    clock: ManualClock,
    credential: ApiCredential,
}

impl Fixture {
    fn new() -> Self {
        Self::with(Settings::default(), User::new(credential("someone@example.com")).administrator(true), [])
    }

    fn with(settings: Settings, first: User, others: impl IntoIterator<Item = User>) -> Self {
        let (clock, credential) = (ManualClock::new(), first.credential().clone());
        let users = Users::new([first].into_iter().chain(others)).unwrap();
        Self { service: AuthService::new(users, settings, clock.clone().into()), clock, credential }
    }

    fn call<E: Endpoint>(&self, endpoint: &E) -> Result<E::Output, EndpointError> {
        let request = endpoint.to_request(&base(), &RequestOptions::new())?;
        Ok(endpoint.read(self.service.answer(&request))?.value)
    }

    fn delegate(&self) -> Result<DelegatedAccessToken, EndpointError> {
        self.call(&GetDelegateAccessToken::new(self.credential.clone()))
    }

    fn refresh(&self, token: &RefreshToken) -> Result<DelegatedAccessToken, EndpointError> {
        self.call(&RefreshUserAccessToken::new(self.credential.clone(), token.clone()))
    }

    fn who_am_i(&self, token: &str) -> Response<Body> {
        let request = Request::get("/me").header(AUTHORIZATION, format!("bearer {token}"));
        self.service.answer(&request.body(Body::empty()).unwrap())
    }
}

fn credential(name: &str) -> ApiCredential {
    ApiCredential::new(ClientSecret::new("s3cret").unwrap(), UserPrincipalName::new(name).unwrap())
}

fn base() -> cg_auth_core::BaseUrl {
    cg_auth_core::BaseUrl::parse("http://127.0.0.1:1").unwrap()
}

//! Values and helpers that the test modules share.

use std::{
    error::Error,
    fmt::Debug,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use cg_auth_core::{
    ApiCredential, BaseUrl, ClientSecret, UserPrincipalName,
    body::Body,
    causes::causes,
    endpoint::{
        Answer, DeleteTokenCache, Endpoint, EndpointError, GetDelegateAccessToken, RefreshUserAccessToken,
    },
    model::{DelegatedAccessToken, RefreshToken},
};
use http::{HeaderMap, Response, StatusCode};
use proptest::prelude::*;

pub(crate) const SECRET: &str = "cl1ent-s3cret";
pub(crate) const USER: &str = "someone@example.com";
pub(crate) const SENT_REFRESH_TOKEN: &str = "sent-refresh-t0ken";

pub(crate) const SUCCESS: &str = r#"{"value":{"access_token":"acc3ss","refresh_token":"r3fresh","duration":3600},"isSuccess":true,"errorMsg":null}"#;

pub(crate) fn credential() -> ApiCredential {
    credential_of(SECRET, USER)
}

pub(crate) fn credential_of(secret: &str, user: &str) -> ApiCredential {
    ApiCredential::new(ClientSecret::new(secret).unwrap(), UserPrincipalName::new(user).unwrap())
}

pub(crate) fn base() -> BaseUrl {
    BaseUrl::parse("https://example.com/governance").unwrap()
}

pub(crate) fn delegate() -> GetDelegateAccessToken {
    GetDelegateAccessToken::new(credential())
}

pub(crate) fn refresh() -> RefreshUserAccessToken {
    RefreshUserAccessToken::new(credential(), RefreshToken::new(SENT_REFRESH_TOKEN).unwrap())
}

pub(crate) fn delete() -> DeleteTokenCache {
    DeleteTokenCache::new(credential())
}

pub(crate) type TokenAnswer = Result<Answer<DelegatedAccessToken>, EndpointError>;

/// The two token operations, by name.
pub(crate) fn token_operations() -> [(&'static str, Box<dyn Endpoint<Output = DelegatedAccessToken>>); 2] {
    [("delegate", Box::new(delegate())), ("refresh", Box::new(refresh()))]
}

pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        response.headers_mut().append(name, value.parse().unwrap());
    }
    response
}

/// The `Display` and `Debug` output of `error` and all its causes.
pub(crate) fn shown(error: &(dyn Error + 'static)) -> String {
    causes(error).map(|error| format!("{error}\n{error:?}\n{error:#?}\n")).collect()
}

pub(crate) fn debug(value: &impl Debug) -> String {
    format!("{value:?}\n{value:#?}")
}

/// Polls a future once, with a waker that does nothing.
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Secrets that are too long to occur by chance, and full of characters that encodings write in different
/// ways.
pub(crate) fn secret_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[!-~]{1,4}",
        1 => proptest::sample::select(vec![
            "%25", "%2f", "%41", "\\", "\\\\", "\\u0041", "\"", "&", "&amp;", "&#65;", "<", "/", "+", "=", "==",
        ]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 6..14).prop_map(|pieces| format!("S{}S", pieces.concat()))
}

/// Valid base URLs of every shape, with and without a prefix and a trailing slash.
pub(crate) fn base_url() -> impl Strategy<Value = BaseUrl> {
    let segment = prop_oneof!["[A-Za-z0-9._~!$&'()*+,;=:@-]{1,8}", "(%20|%C3%A9|a){1,3}"]
        .prop_filter("a dot segment", |segment| segment != "." && segment != "..");
    let origin = prop_oneof![
        "https://[a-z][a-z0-9-]{0,10}\\.example(:[1-9][0-9]{0,3})?",
        Just("http://127.0.0.1:8080".to_owned()),
        Just("https://[2001:db8::1]:8443".to_owned()),
    ];
    (origin, proptest::collection::vec(segment, 0..4), any::<bool>())
        .prop_filter("the admin path", |(_, prefix, _)| {
            !prefix.last().is_some_and(|last| last.eq_ignore_ascii_case("admin"))
        })
        .prop_map(|(origin, prefix, slash)| {
            let prefix: String = prefix.iter().map(|segment| format!("/{segment}")).collect();
            BaseUrl::parse(&format!("{origin}{prefix}{}", if slash { "/" } else { "" })).unwrap()
        })
}

//! The requests of every endpoint, parsed back into the input that they were built from.

use cg_auth_core::{
    ApiCredential, BaseUrl,
    body::Body,
    endpoint::{DeleteTokenCache, Endpoint, GetDelegateAccessToken, RefreshUserAccessToken, RequestOptions},
    model::{Environment, JsonContract, RefreshToken},
};
use http::{HeaderMap, Method, Request};
use proptest::prelude::*;

use crate::support::{
    base_url, credential, credential_of, delegate, delete, header_text, refresh, secret_text,
};

fn contract() -> impl Strategy<Value = JsonContract> {
    prop_oneof![Just(JsonContract::CamelCase), Just(JsonContract::PascalCase)]
}

struct Expected<'a> {
    method: Method,
    path: &'a str,
    refresh_token: Option<&'a str>,
    has_body: bool,
}

fn assert_reads_back(
    request: &Request<Body>,
    base: &BaseUrl,
    contract: JsonContract,
    credential: &ApiCredential,
    expected: &Expected<'_>,
) {
    assert_eq!(request.method(), expected.method);
    assert_eq!(request.uri().to_string(), format!("{}{}", base.as_str(), expected.path));
    assert_eq!(request.uri().query(), None);

    let headers = request.headers();
    let secret = credential.client_secret().expose_secret();
    assert_eq!(header_text(headers, "clientSecret"), Some(secret));
    assert_eq!(header_text(headers, "userPrincipalName"), Some(credential.user_principal_name().as_str()));
    assert_eq!(header_text(headers, "refresh_token"), expected.refresh_token);
    for name in ["clientSecret", "userPrincipalName", "refresh_token"] {
        assert!(headers.get_all(name).iter().all(http::HeaderValue::is_sensitive), "{name}");
    }
    assert_eq!(header_text(headers, "accept"), Some("application/json"));
    assert!(header_text(headers, "user-agent").unwrap().starts_with("cg-auth/"));
    assert_eq!(header_text(headers, "content-length"), Some(&*request.body().len().to_string()));
    let contract_header = (contract == JsonContract::PascalCase).then_some("PascalCase");
    assert_eq!(header_text(headers, "x-cloud-governance-jsoncontract"), contract_header);

    if expected.has_body {
        assert_eq!(header_text(headers, "content-type"), Some("application/json"));
        let read: ApiCredential = serde_json::from_slice(request.body().as_bytes()).unwrap();
        assert_eq!(read, *credential);
        let names: serde_json::Value = serde_json::from_slice(request.body().as_bytes()).unwrap();
        let name = if contract == JsonContract::PascalCase { "ClientSecret" } else { "clientSecret" };
        assert_eq!(names[name], secret);
    } else {
        assert!(request.body().is_empty());
        assert_eq!(header_text(headers, "content-type"), None);
    }
    assert_eq!(names_of(headers), expected_names(expected, contract));
}

fn names_of(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name.as_str().to_owned()).collect();
    names.sort();
    names
}

fn expected_names(expected: &Expected<'_>, contract: JsonContract) -> Vec<&'static str> {
    let mut names = vec!["accept", "clientsecret", "content-length"];
    names.extend(expected.has_body.then_some("content-type"));
    names.extend(expected.refresh_token.map(|_| "refresh_token"));
    names.extend(["user-agent", "userprincipalname"]);
    names.extend((contract == JsonContract::PascalCase).then_some("x-cloud-governance-jsoncontract"));
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_request_holds_exactly_its_input(
        base in base_url(),
        contract in contract(),
        secret in secret_text(),
        user in "[!-~]{1,30}",
        refresh_token in "[!-~]{1,80}",
    ) {
        let credential = credential_of(&secret, &user);
        let options = RequestOptions::new().with_json_contract(contract);
        let check = |request: Request<Body>, expected| {
            assert_reads_back(&request, &base, contract, &credential, &expected);
        };
        check(
            GetDelegateAccessToken::new(credential.clone()).to_request(&base, &options).unwrap(),
            Expected { method: Method::POST, path: "/auth/token/delegate", refresh_token: None, has_body: true },
        );
        let token = RefreshToken::new(refresh_token.clone()).unwrap();
        check(
            RefreshUserAccessToken::new(credential.clone(), token).to_request(&base, &options).unwrap(),
            Expected {
                method: Method::POST,
                path: "/auth/token/refresh",
                refresh_token: Some(&refresh_token),
                has_body: false,
            },
        );
        check(
            DeleteTokenCache::new(credential.clone()).to_request(&base, &options).unwrap(),
            Expected { method: Method::DELETE, path: "/admin/auth/token/cache", refresh_token: None, has_body: true },
        );
    }
}

#[test]
fn an_empty_post_has_a_content_length_of_zero() {
    let request = refresh().to_request(&crate::support::base(), &RequestOptions::new()).unwrap();
    assert_eq!(header_text(request.headers(), "content-length"), Some("0"));
}

#[test]
fn every_environment_has_a_url_for_every_endpoint() {
    let hosts = [
        "go-api.avepointonlineservices.com",
        "governance-api-us-gov.avepointonlineservices.com",
        "insider-governance-api-us-east.avepointonlineservices.com",
        "insider-governance-api-north-europe.avepointonlineservices.com",
    ];
    let options = RequestOptions::new();
    for (environment, host) in Environment::ALL.into_iter().zip(hosts) {
        let base = environment.base_url();
        for (request, path) in [
            (delegate().to_request(&base, &options), "/auth/token/delegate"),
            (refresh().to_request(&base, &options), "/auth/token/refresh"),
            (delete().to_request(&base, &options), "/admin/auth/token/cache"),
        ] {
            assert_eq!(request.unwrap().uri().to_string(), format!("https://{host}{path}"));
        }
    }
}

#[test]
fn a_base_url_that_is_too_long_for_a_path_is_a_config_error() {
    let base = BaseUrl::parse(&format!("https://example.com/{}", "x".repeat(65_514))).unwrap();
    let error = delete().to_request(&base, &RequestOptions::new()).unwrap_err();
    assert!(error.is_config());
    assert_eq!(error.recovery(), cg_auth_core::Recovery::FixConfiguration);
    assert!(error.status().is_none() && error.headers().is_none() && error.text().is_none());
}

#[test]
fn the_debug_output_of_a_request_shows_no_secret() {
    let shown = [
        crate::support::debug(
            &delegate().to_request(&crate::support::base(), &RequestOptions::new()).unwrap(),
        ),
        crate::support::debug(
            &refresh().to_request(&crate::support::base(), &RequestOptions::new()).unwrap(),
        ),
        crate::support::debug(&credential()),
    ];
    for text in shown {
        assert!(!text.contains(crate::support::SECRET), "{text}");
        assert!(!text.contains(crate::support::SENT_REFRESH_TOKEN), "{text}");
    }
}

//! The JSON contract of answers, and the form of refusals.

use proptest::prelude::*;

use super::*;

#[test]
fn an_answer_uses_the_contract_that_the_request_asks_for() {
    let service = Fixture::new();
    let delegate = GetDelegateAccessToken::new(service.credential.clone());
    for (contract, members) in [
        (JsonContract::CamelCase, ["\"isSuccess\":true", "\"access_token\":", "\"duration\":3600"]),
        (JsonContract::PascalCase, ["\"IsSuccess\":true", "\"AccessToken\":", "\"Duration\":3600"]),
    ] {
        let options = RequestOptions::new().with_json_contract(contract);
        let request = delegate.to_request(&base(), &options).unwrap();
        let answer = service.service.answer(&request);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json; charset=utf-8");
        let text = String::from_utf8(answer.body().as_bytes().to_vec()).unwrap();
        for member in members {
            assert!(text.contains(member), "{member} is missing");
        }
    }
    let request = Request::get("/nowhere").header("X-CLOUD-GOVERNANCE-JSONCONTRACT", "PascalCase");
    let answer = service.service.answer(&request.body(Body::empty()).unwrap());
    assert!(answer.body().as_bytes().starts_with(br#"{"Code":"NotFound","Message":["#));
}

#[test]
fn a_forced_contract_overrides_the_requests() {
    let forced = Settings { contract: Some(JsonContract::PascalCase), ..Settings::default() };
    let service = Fixture::with(forced, User::new(credential("u@x")), []);
    let request = GetDelegateAccessToken::new(service.credential.clone());
    let answer = service.service.answer(&request.to_request(&base(), &RequestOptions::new()).unwrap());
    assert!(answer.body().as_bytes().starts_with(br#"{"Value":{"AccessToken":"#));
}

#[test]
fn is_success_false_is_used_only_for_credentials_and_where_answers_have_an_envelope() {
    let settings = Settings { refusals: Refusals::IsSuccessFalse, ..Settings::default() };
    let service = Fixture::with(settings, User::new(credential("u@x")), []);
    let wrong = credential("unknown@x");
    let unknown = RefreshToken::new("unknown").unwrap();
    for refused in [
        service.call(&GetDelegateAccessToken::new(wrong.clone())).unwrap_err(),
        service.call(&RefreshUserAccessToken::new(wrong.clone(), unknown.clone())).unwrap_err(),
        service.refresh(&unknown).unwrap_err(),
    ] {
        assert_eq!(refused.status(), Some(StatusCode::OK));
        assert!(!refused.messages().is_empty());
    }
    let delete = service.call(&DeleteTokenCache::new(wrong)).unwrap_err();
    assert_eq!(delete.status(), Some(StatusCode::BAD_REQUEST));
    let malformed = Request::post("/auth/token/delegate").body("{".into()).unwrap();
    assert_eq!(service.service.answer(&malformed).status(), StatusCode::BAD_REQUEST);
    assert_eq!(service.who_am_i("a.b.c").status(), StatusCode::UNAUTHORIZED);
}

proptest! {
    #[test]
    fn any_bad_request_gets_a_4xx_with_an_error_body(
        operation in 0..4usize,
        headers in prop::collection::vec(
            ("clientSecret|userPrincipalName|refresh_token|authorization|content-type|x", any::<Vec<u8>>()),
            0..4,
        ),
        body in prop_oneof![any::<Vec<u8>>(), "\\{\"clientSecret\":.{0,9}\\}".prop_map(String::into_bytes)],
    ) {
        let service = Fixture::new();
        let (method, path) = [
            ("POST", "/auth/token/delegate"),
            ("POST", "/auth/token/refresh"),
            ("DELETE", "/admin/auth/token/cache"),
            ("GET", "/me"),
        ][operation];
        let mut request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request.headers_mut().append(http::HeaderName::try_from(name).unwrap(), value);
            }
        }
        let answer = service.service.answer(&request);
        prop_assert!(answer.status().is_client_error());
        let error: serde_json::Value = serde_json::from_slice(answer.body().as_bytes()).unwrap();
        prop_assert!(error["code"].is_string() && error["requestId"].is_string());
    }
}

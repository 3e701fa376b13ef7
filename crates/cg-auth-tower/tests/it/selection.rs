//! Which requests get a token.

use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_tower::{AuthorizationLayer, BaseUrl, Origin};
use http::{HeaderName, HeaderValue, Request, StatusCode, header::AUTHORIZATION};
use tower::Layer;

use crate::api::{API, Api, authorized, layer, request, send};

#[tokio::test]
async fn a_request_to_the_origin_gets_the_token_as_a_sensitive_header() {
    let (api, source) = (Api::accepting(&["one"]), ScriptedTokenSource::fixed("one"));
    let answer = send(&mut authorized(&api, &source), request(())).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let requests = api.take_requests();
    let values: Vec<_> = requests[0].headers().get_all(AUTHORIZATION).iter().collect();
    assert_eq!(values, ["Bearer one"]);
    assert!(values[0].is_sensitive());
}

#[tokio::test]
async fn a_request_to_another_origin_passes_untouched_and_its_401_changes_nothing() {
    for uri in [
        "https://example.com/me",
        "https://other.example.com/me",
        "https://api.example.com.evil.test/",
        "https://api.example.com@evil.test/",
        "https://user@api.example.com/",
        "https://api.example.com:444/",
        "http://api.example.com/",
        "http://api.example.com:443/",
        "api.example.com:443",
        "/me",
        "*",
    ] {
        let (api, source) = (Api::accepting(&[]), ScriptedTokenSource::fixed("one"));
        let request = Request::get(uri).header("x-own", "kept").body(()).unwrap();
        let answer = send(&mut authorized(&api, &source), request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let requests = api.take_requests();
        assert_eq!(requests.len(), 1, "{uri}");
        assert_eq!(requests[0].headers().len(), 1, "{uri}");
        assert_eq!(requests[0].uri(), uri);
        assert_eq!((source.calls(), source.invalidated().len()), (0, 0), "{uri}");
    }
}

/// A gateway in front of many services chooses one of them by this header.
#[tokio::test]
async fn a_host_header_that_names_another_service_keeps_the_token_back() {
    for (host, token) in [("api.example.com", "one"), ("evil.test", ""), ("api.example.com@evil.test", "")] {
        let (api, source) = (Api::accepting(&["one"]), ScriptedTokenSource::fixed("one"));
        let request = Request::get(API).header("host", host).body(()).unwrap();
        send(&mut authorized(&api, &source), request).await.unwrap();
        assert_eq!(api.tokens(), [token], "{host}");
        assert!(source.invalidated().is_empty(), "{host}");
    }
}

#[tokio::test]
async fn each_spelling_of_the_origin_gets_the_token() {
    for uri in
        ["https://API.example.com/me", "https://api.example.com:443/", "https://api.example.com./x?y=z"]
    {
        let (api, source) = (Api::accepting(&["one"]), ScriptedTokenSource::fixed("one"));
        let request = Request::get(uri).body(()).unwrap();
        assert_eq!(
            send(&mut authorized(&api, &source), request).await.unwrap().status(),
            StatusCode::OK,
            "{uri}"
        );
    }
}

#[tokio::test]
async fn each_origin_of_a_list_gets_the_token_and_so_does_that_of_a_base_url() {
    let source = ScriptedTokenSource::fixed("one");
    let list = ["https://one.example", "http://127.0.0.1:8080"].map(|text| Origin::parse(text).unwrap());
    let base_url = BaseUrl::parse("https://two.example/governance").unwrap();
    for (layer, uri, token) in [
        (AuthorizationLayer::new(source.clone(), list.clone()), "https://one.example/x", "one"),
        (AuthorizationLayer::new(source.clone(), list.clone()), "http://127.0.0.1:8080/x", "one"),
        (AuthorizationLayer::new(source.clone(), list), "https://two.example/x", ""),
        (AuthorizationLayer::new(source.clone(), &base_url), "https://two.example/x", "one"),
        (AuthorizationLayer::new(source.clone(), []), "https://two.example/x", ""),
    ] {
        let api = Api::accepting(&["one"]);
        send(&mut layer.layer(api.clone()), Request::get(uri).body(()).unwrap()).await.unwrap();
        assert_eq!(api.tokens(), [token], "{uri}");
    }
}

#[tokio::test]
async fn a_credential_of_the_request_is_left_alone_and_its_401_changes_nothing() {
    let other = HeaderName::from_static("x-token");
    for name in [AUTHORIZATION, other] {
        let (api, source) = (Api::accepting(&[]), ScriptedTokenSource::fixed("one"));
        let mut service = layer(source.clone()).header_name(name.clone()).layer(api.clone());
        let mut request = request(());
        request.headers_mut().append(&name, HeaderValue::from_static("Basic own"));
        request.headers_mut().append(&name, HeaderValue::from_static("Bearer also"));
        assert_eq!(send(&mut service, request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
        let requests = api.take_requests();
        assert_eq!(requests.len(), 1);
        let values: Vec<_> = requests[0].headers().get_all(&name).iter().collect();
        assert_eq!(values, ["Basic own", "Bearer also"]);
        assert_eq!((source.calls(), source.invalidated().len()), (0, 0), "{name}");
    }
}

#[tokio::test]
async fn another_header_carries_the_token_beside_the_authorization_of_the_request() {
    let name = HeaderName::from_static("x-token");
    let (api, source) = (Api::accepting(&["own"]), ScriptedTokenSource::fixed("one"));
    let mut service = layer(source).header_name(name.clone()).layer(api.clone());
    let request = Request::get(API).header(AUTHORIZATION, "Bearer own").body(()).unwrap();
    assert_eq!(send(&mut service, request).await.unwrap().status(), StatusCode::OK);
    let requests = api.take_requests();
    assert_eq!(requests[0].headers()[&name], "Bearer one");
    assert!(requests[0].headers()[&name].is_sensitive());
    assert_eq!(requests[0].headers()[AUTHORIZATION], "Bearer own");
}

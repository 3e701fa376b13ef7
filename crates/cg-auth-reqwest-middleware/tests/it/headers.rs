//! Which requests get a token, and how it stands in them.

use std::sync::{Arc, Mutex};

use cg_auth_core::{TokenError, TokenErrorKind, testing::ScriptedTokenSource};
use cg_auth_reqwest_middleware::{AuthorizationMiddleware, Unauthenticated};
use http::header::AUTHORIZATION;
use reqwest_middleware::ClientBuilder;

use crate::{api::Api, below, over_both_versions};

#[tokio::test]
async fn a_request_to_the_origin_has_the_token_once_and_marked_as_sensitive() {
    over_both_versions(async |setup| {
        setup.api.accept(&["one"]);
        let source = ScriptedTokenSource::new().issue("one");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let client = ClientBuilder::new(setup.builder().build().unwrap())
            .with(setup.middleware(&source))
            .with_arc(below({
                let seen = Arc::clone(&seen);
                move |request, extensions, next| {
                    seen.lock().unwrap().push(format!("{request:?}"));
                    assert!(request.headers()[AUTHORIZATION].is_sensitive());
                    next.run(request, extensions)
                }
            }))
            .build();
        for _ in 0..3 {
            let answer = client.get(setup.api.url("/me?a=b")).header("x-own", "kept").send().await.unwrap();
            assert_eq!(answer.text().await.unwrap(), "for one");
        }
        for request in setup.api.requests() {
            assert_eq!(request.values("authorization"), ["Bearer one"]);
            assert_eq!((request.values("x-own").join(","), request.path), ("kept".into(), "/me?a=b".into()));
        }
        let seen = seen.lock().unwrap().join("\n");
        assert!(seen.contains("Sensitive") && !seen.contains("Bearer"), "{seen}");
    })
    .await;
}

/// A gateway in front of many services chooses one of them by this header.
#[tokio::test]
async fn a_host_header_that_names_another_service_keeps_the_token_back() {
    let api = Api::start().await;
    let source = ScriptedTokenSource::new().issue("one");
    let middleware = AuthorizationMiddleware::new(source.clone(), api.origin());
    let client = ClientBuilder::new(reqwest::Client::new()).with(middleware).build();
    for host in [api.address(), "evil.test", "127.0.0.1", "localhost"] {
        client.get(api.url("/")).header("host", host).send().await.unwrap();
    }
    assert_eq!(api.tokens(), ["Bearer one", "", "", ""]);
}

#[tokio::test]
async fn a_request_to_another_origin_is_untouched_and_its_refusal_invalidates_nothing() {
    over_both_versions(async |setup| {
        let source = ScriptedTokenSource::new().issue("one");
        let client = setup.client(&source);
        let other = Api::start().await;
        for url in [
            other.url("/"),
            // The authority of a URL, not a text that holds the origin.
            other.url(&format!("/http://{}", setup.api.address())),
            other.url(&format!("/?{}", setup.api.url("/"))),
            // Another name for the same machine is another origin.
            setup.api.url("/").replace("127.0.0.1", "localhost"),
        ] {
            assert_eq!(client.get(url).send().await.unwrap().status(), 401);
        }
        assert_eq!(other.tokens(), ["", "", ""]);
        assert_eq!(setup.api.tokens(), [""]);
        assert_eq!((source.calls(), source.invalidated().len()), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn each_origin_of_a_list_gets_the_token() {
    over_both_versions(async |setup| {
        let second = Api::start().await;
        let origins = [setup.api.origin(), second.origin()];
        let source = ScriptedTokenSource::fixed("one");
        let client = setup.client_with(AuthorizationMiddleware::new(source, origins));
        for api in [&setup.api, &second] {
            api.accept(&["one"]);
            assert_eq!(client.get(api.url("/")).send().await.unwrap().status(), 200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_credential_of_the_request_itself_stays_and_its_refusal_invalidates_nothing() {
    over_both_versions(async |setup| {
        let source = ScriptedTokenSource::new().issue("one");
        let client = setup.client(&source);
        let url = setup.api.url("/");
        let with_login = url.replace("://", "://someone:password@");
        for request in [
            client.get(&url).header(AUTHORIZATION, "Custom own"),
            client.get(&url).header(AUTHORIZATION, ""),
            client.get(&url).bearer_auth("own"),
            client.get(with_login),
        ] {
            assert_eq!(request.send().await.unwrap().status(), 401);
        }
        let own = ["Custom own", "", "Bearer own", "Basic c29tZW9uZTpwYXNzd29yZA=="];
        assert_eq!(setup.api.tokens(), own);
        assert_eq!((source.calls(), source.invalidated().len()), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_request_that_opts_out_gets_no_token() {
    over_both_versions(async |setup| {
        let source = ScriptedTokenSource::new().issue("one");
        let client = setup.client(&source);
        let answer = client.get(setup.api.url("/")).with_extension(Unauthenticated).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(setup.api.tokens(), [""]);
        assert_eq!((source.calls(), source.invalidated().len()), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn without_a_token_no_request_is_made_and_the_error_says_why() {
    over_both_versions(async |setup| {
        for kind in [TokenErrorKind::Secret, TokenErrorKind::ShutDown] {
            let client = setup.client(&ScriptedTokenSource::failing(TokenError::of_kind(kind)));
            let error = client.get(setup.api.url("/")).send().await.unwrap_err();
            let reqwest_middleware::Error::Middleware(inner) = &error else { panic!("{error:?}") };
            assert_eq!(inner.downcast_ref::<TokenError>().map(TokenError::kind), Some(kind));
        }
        assert!(setup.api.requests().is_empty());
    })
    .await;
}

#[tokio::test]
async fn of_two_middlewares_the_outer_one_decides() {
    over_both_versions(async |setup| {
        setup.api.accept(&["outer-2"]);
        let outer = ScriptedTokenSource::new().issue("outer-1").issue("outer-2");
        let inner = ScriptedTokenSource::new().issue("inner");
        let client = ClientBuilder::new(setup.builder().build().unwrap())
            .with(setup.middleware(&outer))
            .with(setup.middleware(&inner))
            .build();
        assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), 200);
        assert_eq!(setup.api.tokens(), ["Bearer outer-1", "Bearer outer-2"]);
        assert_eq!((inner.calls(), inner.invalidated().len()), (0, 0));
    })
    .await;
}

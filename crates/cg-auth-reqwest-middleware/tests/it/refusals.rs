//! What happens after an answer that refuses the token.

use std::time::Duration;

use bytes::Bytes;
use cg_auth_core::{TokenError, TokenErrorKind, testing::ScriptedTokenSource};
use http::{StatusCode, header::WWW_AUTHENTICATE};
use http_body_util::BodyExt as _;
use reqwest_middleware::ClientBuilder;

use crate::{below, over_both_versions};

fn two_tokens() -> ScriptedTokenSource {
    ScriptedTokenSource::new().issue("one").issue("two")
}

#[tokio::test]
async fn a_refused_token_is_reported_and_the_same_request_is_made_once_more() {
    over_both_versions(async |setup| {
        setup.api.accept(&["two"]);
        let source = two_tokens();
        let request = setup.client(&source).put(setup.api.url("/a?b=c")).header("x-own", "kept");
        let request = request.timeout(Duration::from_secs(30)).body("a body");
        assert_eq!(request.send().await.unwrap().text().await.unwrap(), "for two");
        let requests = setup.api.requests();
        let [first, second] = &requests[..] else { panic!("{requests:?}") };
        assert_eq!(first.values("authorization"), ["Bearer one"]);
        assert_eq!(second.values("authorization"), ["Bearer two"]);
        for request in [first, second] {
            assert_eq!(request.method, "PUT");
            assert_eq!((request.path.as_str(), &request.body[..]), ("/a?b=c", &b"a body"[..]));
            assert_eq!(
                (request.values("x-own"), request.values("content-length")),
                (vec!["kept".into()], vec!["6".into()])
            );
        }
        let reported = source.invalidated();
        assert_eq!((reported.len(), reported[0].expose_secret()), (1, "one"));
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_a_stream_is_sent_once_and_the_next_request_has_the_new_token() {
    over_both_versions(async |setup| {
        setup.api.accept(&["two"]);
        let source = two_tokens();
        let client = setup.client(&source);
        for status in [401, 200] {
            let stream = http_body_util::Full::new(Bytes::from("a body")).into_data_stream();
            let request = client.post(setup.api.url("/")).body(reqwest::Body::wrap_stream(stream));
            assert_eq!(request.send().await.unwrap().status(), status);
        }
        assert_eq!(setup.api.tokens(), ["Bearer one", "Bearer two"]);
        assert!(setup.api.requests().iter().all(|request| request.body == "a body"));
        assert_eq!(source.invalidated().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn without_replay_the_refusal_goes_back_and_the_token_is_reported() {
    over_both_versions(async |setup| {
        setup.api.accept(&["two"]);
        let source = two_tokens();
        let client = setup.client_with(setup.middleware(&source).without_replay());
        for status in [401, 200] {
            assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), status);
        }
        assert_eq!(source.invalidated().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn if_the_new_token_is_refused_too_its_answer_goes_back() {
    over_both_versions(async |setup| {
        let source = two_tokens();
        let answer = setup.client(&source).get(setup.api.url("/")).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.extensions().get::<TokenError>().is_none());
        assert_eq!(answer.text().await.unwrap(), "not for two");
        assert_eq!(setup.api.tokens(), ["Bearer one", "Bearer two"]);
        assert_eq!(source.invalidated().len(), 1, "the new token is not reported");
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_issued_again_is_not_tried_again() {
    over_both_versions(async |setup| {
        let source = ScriptedTokenSource::new().issue("one").issue("one");
        let answer = setup.client(&source).get(setup.api.url("/")).send().await.unwrap();
        assert_eq!(
            (answer.status(), answer.text().await.unwrap()),
            (StatusCode::UNAUTHORIZED, "not for one".into())
        );
        assert_eq!(setup.api.tokens(), ["Bearer one"]);
    })
    .await;
}

#[tokio::test]
async fn without_a_new_token_the_refusal_goes_back_whole_with_the_reason() {
    over_both_versions(async |setup| {
        let error = TokenError::of_kind(TokenErrorKind::Secret);
        let source = ScriptedTokenSource::new().issue("one").fail(error);
        let answer = setup.client(&source).get(setup.api.url("/")).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let reason = answer.extensions().get::<TokenError>().expect("a reason");
        assert_eq!(reason.kind(), TokenErrorKind::Secret);
        assert_eq!(answer.text().await.unwrap(), "not for one");
        assert_eq!(setup.api.tokens(), ["Bearer one"]);
    })
    .await;
}

#[tokio::test]
async fn only_a_refusal_of_the_token_is_a_reason_for_another_one() {
    over_both_versions(async |setup| {
        let source = two_tokens();
        let client = setup.client(&source);
        let scope = [(WWW_AUTHENTICATE, r#"Bearer error="insufficient_scope""#)];
        for (status, headers) in [(401, &scope[..]), (403, &[]), (407, &[]), (500, &[]), (503, &[])] {
            setup.api.answer_next(status, headers);
            assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), status);
        }
        assert_eq!(setup.api.tokens(), vec!["Bearer one"; 5]);
        assert!(source.invalidated().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_program_decides_what_a_refusal_is() {
    over_both_versions(async |setup| {
        setup.api.accept(&["one", "two"]);
        let source = two_tokens();
        let is_refused = |status, headers: &http::HeaderMap| {
            status == StatusCode::FORBIDDEN && headers.contains_key(WWW_AUTHENTICATE)
        };
        let client = setup.client_with(setup.middleware(&source).refused_when(is_refused));
        setup.api.answer_next(401, &[]);
        assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), 401);
        setup.api.answer_next(403, &[(WWW_AUTHENTICATE, "Bearer")]);
        assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().text().await.unwrap(), "for two");
        assert_eq!(setup.api.tokens(), ["Bearer one", "Bearer one", "Bearer two"]);
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_another_middleware_makes_without_a_url_counts() {
    over_both_versions(async |setup| {
        let source = two_tokens();
        let client = ClientBuilder::new(setup.builder().build().unwrap())
            .with(setup.middleware(&source))
            .with_arc(below(|request, _, _| {
                let is_new = request.headers()["authorization"] == "Bearer two";
                let status = if is_new { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
                let response = http::Response::builder().status(status).body("").unwrap();
                Box::pin(async move { Ok(response.into()) })
            }))
            .build();
        assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), 200);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_no_waiter_behind() {
    over_both_versions(async |setup| {
        setup.api.accept(&["two"]);
        let source = ScriptedTokenSource::new().hold_back().issue("one").hold_back().issue("two");
        let client = setup.client(&source);
        for released in [false, true] {
            let call = tokio::spawn(client.get(setup.api.url("/")).send());
            while source.waiting() == 0 {
                tokio::task::yield_now().await;
            }
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
            assert_eq!(source.waiting(), 0);
            if !released {
                source.release();
            }
        }
        assert_eq!(setup.api.tokens(), ["Bearer one"], "the second call was given up after its refusal");
        source.release();
        assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), 200);
    })
    .await;
}

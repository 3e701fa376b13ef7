//! Which answers refuse a token, and what is reported to the source.

use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_tower::{TokenSource, is_unauthenticated};
use http::{HeaderMap, Response, StatusCode};
use tower::Layer;

use crate::api::{Api, authorized, layer, refusal, request, send};

fn source() -> ScriptedTokenSource {
    ScriptedTokenSource::new().issue("one").issue("two")
}

#[tokio::test]
async fn a_401_invalidates_the_token_that_was_sent_and_a_missing_scope_does_not() {
    for (status, headers, is_refused) in [
        (401, vec![], true),
        (401, vec![("www-authenticate", r#"Bearer error="invalid_token""#)], true),
        (401, vec![("www-authenticate", r#"Bearer error="insufficient_scope""#)], false),
        (403, vec![], false),
        (407, vec![], false),
        (500, vec![], false),
        (200, vec![("grpc-status", "16")], false),
    ] {
        let answer = refusal(StatusCode::from_u16(status).unwrap(), &headers);
        let (api, source) = (Api::answering(&["two"], answer), source());
        let answer = send(&mut authorized(&api, &source), request(())).await.unwrap();
        let expected = if is_refused { (200, vec!["one", "two"]) } else { (status, vec!["one"]) };
        assert_eq!((answer.status().as_u16(), api.tokens()), (expected.0, to_strings(&expected.1)));
        assert_eq!(source.invalidated().len(), usize::from(is_refused), "{status} {headers:?}");
    }
}

#[tokio::test]
async fn a_grpc_service_refuses_a_token_with_the_status_16_in_the_head() {
    for (answer, is_refused) in [
        (refusal(StatusCode::OK, &[("grpc-status", "16")]), true),
        (refusal(StatusCode::UNAUTHORIZED, &[]), true),
        (refusal(StatusCode::OK, &[("grpc-status", "7")]), false),
        (refusal(StatusCode::OK, &[("grpc-status", "0")]), false),
        (refusal(StatusCode::OK, &[("grpc-status", "160")]), false),
        (refusal(StatusCode::OK, &[]), false),
    ] {
        let (api, source) = (Api::answering(&["two"], answer), source());
        let mut service = layer(source.clone()).refused_when(is_unauthenticated).layer(api.clone());
        send(&mut service, request(())).await.unwrap();
        assert_eq!(source.invalidated().len(), usize::from(is_refused));
        assert_eq!(api.tokens().len(), 1 + usize::from(is_refused));
    }
}

#[tokio::test]
async fn the_program_says_which_answer_refuses_the_token() {
    let is_refused =
        |status: StatusCode, headers: &HeaderMap| status == 403 && headers.contains_key("x-expired");
    for (answer, count) in [
        (refusal(StatusCode::FORBIDDEN, &[("x-expired", "yes")]), 2),
        (refusal(StatusCode::FORBIDDEN, &[]), 1),
        (refusal(StatusCode::UNAUTHORIZED, &[]), 1),
    ] {
        let (api, source) = (Api::answering(&["two"], answer), source());
        let mut service = layer(source.clone()).refused_when(is_refused).layer(api.clone());
        send(&mut service, request(())).await.unwrap();
        assert_eq!(api.tokens().len(), count);
        assert_eq!(source.invalidated().len(), count - 1);
    }
}

#[tokio::test]
async fn the_report_names_the_token_that_was_sent_even_if_another_one_is_current() {
    let (api, source) = (Api::holding_back(&["two"]), source());
    let mut service = authorized(&api, &source);
    let sent = tokio::spawn(async move { send(&mut service, request(())).await });
    crate::api::until(|| api.in_flight() == 1).await;
    // Another caller has replaced the token meanwhile.
    source.expire();
    let current = source.token().await.unwrap();
    api.release(2);
    assert_eq!(sent.await.unwrap().unwrap().status(), StatusCode::OK);
    let invalidated = source.invalidated();
    assert_eq!(invalidated.len(), 1);
    assert_eq!(invalidated[0].expose_secret(), "one");
    assert!(source.peek().unwrap().is_same_issue(&current), "the current token stays");
}

#[tokio::test]
async fn a_token_that_is_refused_as_well_returns_the_second_answer() {
    let (api, source) = (Api::accepting(&[]), source());
    let answer = send(&mut authorized(&api, &source), request(())).await.unwrap();
    assert_eq!((answer.status(), *answer.body()), (StatusCode::UNAUTHORIZED, 2));
    assert_eq!(api.tokens(), ["one", "two"]);
    assert_eq!(source.invalidated().len(), 1);
}

#[tokio::test]
async fn the_same_token_again_returns_the_first_answer() {
    for source in [ScriptedTokenSource::fixed("one"), ScriptedTokenSource::new().issue("one").issue("one")] {
        let api = Api::accepting(&[]);
        let answer: Response<_> = send(&mut authorized(&api, &source), request(())).await.unwrap();
        assert_eq!((answer.status(), *answer.body()), (StatusCode::UNAUTHORIZED, 1));
        assert_eq!(api.tokens(), ["one"]);
        assert_eq!(source.invalidated().len(), 1);
    }
}

fn to_strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

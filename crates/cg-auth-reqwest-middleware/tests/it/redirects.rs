//! reqwest follows redirects below the middleware: where the token goes.

use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_reqwest_middleware::{AuthorizationMiddleware, ConfinedClient, Unauthenticated};
use http::HeaderName;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use crate::{Setup, api::Api, over_both_versions};

const OTHER_NAME: HeaderName = HeaderName::from_static("x-token");

fn two_tokens() -> ScriptedTokenSource {
    ScriptedTokenSource::new().issue("one").issue("two")
}

/// A client with the token in another header, whose redirects stay within the API and `also`.
fn confined(setup: &Setup, source: &ScriptedTokenSource, also: &[&Api]) -> ClientWithMiddleware {
    let origins: Vec<_> = [&setup.api].into_iter().chain(also.iter().copied()).map(Api::origin).collect();
    let confined = ConfinedClient::new(setup.builder(), origins).unwrap();
    let middleware = AuthorizationMiddleware::for_header(OTHER_NAME, source.clone(), &confined);
    ClientBuilder::new(confined.into()).with(middleware).build()
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_the_token_and_its_refusal_counts() {
    over_both_versions(async |setup| {
        setup.api.accept(&["two"]);
        let source = two_tokens();
        setup.api.redirect_next(&setup.api.url("/there"));
        let answer = setup.client(&source).post(setup.api.url("/")).body("a body").send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "for two");
        assert_eq!(setup.api.tokens(), ["Bearer one", "Bearer one", "Bearer two"]);
        let paths: Vec<_> = setup.api.requests().into_iter().map(|request| request.path).collect();
        assert_eq!(paths, ["/", "/there", "/"]);
    })
    .await;
}

#[tokio::test]
async fn another_origin_gets_no_token_by_a_redirect_and_its_refusal_invalidates_nothing() {
    over_both_versions(async |setup| {
        let (source, other) = (two_tokens(), Api::start().await);
        let client = setup.client(&source);
        let same_machine = setup.api.url("/").replace("127.0.0.1", "localhost");
        for target in [other.url("/there"), same_machine] {
            setup.api.redirect_next(&target);
            assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), 401);
        }
        assert_eq!(setup.api.tokens(), ["Bearer one", "Bearer one", ""]);
        assert_eq!(other.tokens(), [""]);
        assert!(source.invalidated().is_empty());
    })
    .await;
}

/// The list says where the program may send the token. reqwest removes the header all the same.
#[tokio::test]
async fn another_origin_of_the_list_gets_no_token_by_a_redirect_either() {
    over_both_versions(async |setup| {
        let (source, other) = (two_tokens(), Api::start().await);
        let origins = [setup.api.origin(), other.origin()];
        let client = setup.client_with(AuthorizationMiddleware::new(source.clone(), origins));
        setup.api.redirect_next(&other.url("/"));
        assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), 401);
        assert_eq!(other.tokens(), [""]);
        assert!(source.invalidated().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_token_in_another_header_stays_within_the_origins_of_its_client() {
    over_both_versions(async |setup| {
        setup.api.accept(&["two"]);
        let (source, other, listed) = (two_tokens(), Api::start().await, Api::start().await);
        listed.accept(&["two"]);
        let client = confined(&setup, &source, &[&listed]);
        assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().text().await.unwrap(), "for two");
        assert_eq!(setup.api.tokens(), ["", ""]);
        let values: Vec<_> =
            setup.api.requests().iter().flat_map(|request| request.values("x-token")).collect();
        assert_eq!(values, ["Bearer one", "Bearer two"]);

        setup.api.redirect_next(&other.url("/"));
        assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), 307);
        assert!(other.requests().is_empty());
        for inside in [setup.api.url("/there"), listed.url("/")] {
            setup.api.redirect_next(&inside);
            assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().text().await.unwrap(), "for two");
        }
        for _ in 0..12 {
            setup.api.redirect_next(&setup.api.url("/again"));
        }
        assert!(client.get(setup.api.url("/")).send().await.unwrap_err().is_redirect(), "a loop ends");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_after_a_redirect_within_the_list_counts_for_another_header() {
    over_both_versions(async |setup| {
        let (source, listed) = (two_tokens(), Api::start().await);
        listed.accept(&["two"]);
        for _ in 0..2 {
            setup.api.redirect_next(&listed.url("/"));
        }
        let client = confined(&setup, &source, &[&listed]);
        assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().text().await.unwrap(), "for two");
        assert_eq!(source.invalidated().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_other_header_of_a_request_itself_stays_and_authorization_does_not_matter() {
    over_both_versions(async |setup| {
        setup.api.accept(&["one"]);
        let source = ScriptedTokenSource::new().issue("one");
        let client = confined(&setup, &source, &[]);
        let url = setup.api.url("/");
        client.get(&url).header(OTHER_NAME, "own").send().await.unwrap();
        client.get(&url).with_extension(Unauthenticated).send().await.unwrap();
        assert_eq!(source.calls(), 0);
        client.get(&url).basic_auth("someone", Some("password")).send().await.unwrap();
        let values: Vec<_> =
            setup.api.requests().iter().map(|request| request.values("x-token").join(",")).collect();
        assert_eq!(values, ["own", "", "Bearer one"]);
    })
    .await;
}

/// Why a header of another name needs a confined client. If this fails, reqwest has changed.
#[tokio::test]
async fn reqwest_itself_carries_another_header_to_another_origin() {
    over_both_versions(async |setup| {
        let other = Api::start().await;
        setup.api.redirect_next(&other.url("/"));
        let client = setup.builder().build().unwrap();
        let request = client.get(setup.api.url("/")).header(OTHER_NAME, "canary").bearer_auth("canary");
        request.send().await.unwrap();
        assert_eq!(other.requests()[0].values("x-token"), ["canary"]);
        assert_eq!(other.tokens(), [""]);
    })
    .await;
}

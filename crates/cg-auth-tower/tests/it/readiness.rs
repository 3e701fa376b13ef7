//! Which service is called, and what its readiness waits for.

use std::{
    future::{Ready, ready},
    task::{Context, Poll},
};

use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_tower::BoxError;
use http::{Request, Response, StatusCode};
use tower::{Layer, Service, ServiceExt};

use crate::api::{Api, authorized, layer, refusal, request, until};

#[tokio::test]
async fn readiness_asks_for_no_token() {
    let (api, source) = (Api::<()>::accepting(&[]), ScriptedTokenSource::new().hold_back().issue("one"));
    let mut service = authorized(&api, &source);
    for _ in 0..3 {
        service.ready().await.unwrap();
    }
    assert_eq!((source.calls(), source.acquisitions()), (0, 0));
}

/// [`Api`] panics if it is called before it is ready.
#[tokio::test]
async fn the_service_that_is_ready_makes_each_request() {
    let (api, source) = (Api::accepting(&["two"]), ScriptedTokenSource::new().issue("one").issue("two"));
    let mut service = authorized(&api, &source);
    // A miss and a second request, a hit, and a request without a token.
    for uri in [crate::api::API, crate::api::API, "https://example.com"] {
        let request = Request::get(uri).body(()).unwrap();
        service.ready().await.unwrap().call(request).await.unwrap();
    }
    assert_eq!(api.tokens(), ["one", "two", "two", ""]);
}

#[tokio::test]
async fn a_service_that_waits_for_a_token_leaves_a_clone_that_must_become_ready() {
    let (api, source) = (Api::accepting(&["one"]), ScriptedTokenSource::new().hold_back().issue("one"));
    let mut service = authorized(&api, &source);
    let first = tokio::spawn(service.ready().await.unwrap().call(request(())));
    until(|| source.waiting() == 1).await;
    let second = tokio::spawn(service.ready().await.unwrap().call(request(())));
    until(|| source.waiting() == 2).await;
    source.release();
    for answer in [first, second] {
        assert_eq!(answer.await.unwrap().unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn the_second_request_waits_until_the_service_is_ready_again() {
    let service = layer(ScriptedTokenSource::new().issue("one").issue("two")).layer(Tiring::default());
    let answer = service.oneshot(request(())).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(*answer.body(), 2, "the second request was made");
}

#[tokio::test]
async fn an_error_of_readiness_goes_back_before_the_first_request_and_before_the_second() {
    for (broken_at, made) in [(0, 0), (1, 1)] {
        let api = Tiring { broken_at: Some(broken_at), ..Tiring::default() };
        let service = layer(ScriptedTokenSource::new().issue("one").issue("two")).layer(api);
        let error = service.oneshot(request(())).await.unwrap_err();
        assert_eq!(error.to_string(), format!("broken after {made}"));
    }
}

/// Refuses each request. It becomes ready at the third poll, and never if it is broken. A clone goes on counting.
#[derive(Clone, Default)]
struct Tiring {
    polls: u32,
    made: u32,
    broken_at: Option<u32>,
}

impl Service<Request<()>> for Tiring {
    type Response = Response<u32>;
    type Error = BoxError;
    type Future = Ready<Result<Response<u32>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.broken_at == Some(self.made) {
            return Poll::Ready(Err(format!("broken after {}", self.made).into()));
        }
        self.polls += 1;
        if self.polls < 3 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert_eq!(std::mem::take(&mut self.polls), 3, "called before it was ready");
        self.made += 1;
        ready(Ok(refusal(StatusCode::UNAUTHORIZED, &[]).map(|()| self.made)))
    }
}

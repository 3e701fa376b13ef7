//! The layer among the middleware of tower.

use std::{fmt::Debug, rc::Rc, time::Duration};

use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_tower::{Authorization, AuthorizationLayer, BoxError, ResponseFuture, TokenSource};
use http::{Request, Response, StatusCode};
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt,
    retry::Policy,
    service_fn,
    util::{BoxCloneService, BoxCloneSyncService},
};

use crate::api::{Api, layer, request, send, until};

fn source() -> ScriptedTokenSource {
    ScriptedTokenSource::new().issue("one").issue("two")
}

#[tokio::test]
async fn the_layer_works_below_and_above_buffer_limit_and_box() {
    let api = Api::accepting(&["two"]);
    let mut service = ServiceBuilder::new()
        .buffer(1)
        .concurrency_limit(1)
        .layer(layer(source()))
        .buffer(1)
        // The second request takes the one permit that the first has given back.
        .concurrency_limit(1)
        .layer_fn(BoxCloneService::new)
        .service(api.clone());
    for _ in 0..3 {
        assert_eq!(send(&mut service, request(())).await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(api.tokens(), ["one", "two", "two", "two"]);
}

#[tokio::test]
async fn the_layer_can_be_boxed_and_spawned() {
    let api = Api::accepting(&["two"]);
    let service = BoxCloneSyncService::new(layer(source()).layer(api.clone()));
    let calls: Vec<_> = (0..10).map(|_| tokio::spawn(service.clone().oneshot(request(())))).collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_bounds_the_wait_for_a_token_only_if_it_stands_outside() {
    const LIMIT: Duration = Duration::from_secs(5);
    let held_back = || ScriptedTokenSource::new().hold_back().issue("one");

    let outside =
        ServiceBuilder::new().timeout(LIMIT).layer(layer(held_back())).service(Api::accepting(&["one"]));
    let error = outside.oneshot(request(())).await.unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");

    let source = held_back();
    let inside =
        ServiceBuilder::new().layer(layer(source.clone())).timeout(LIMIT).service(Api::accepting(&["one"]));
    let call = tokio::spawn(inside.oneshot(request(())));
    tokio::time::sleep(10 * LIMIT).await;
    assert!(!call.is_finished(), "nothing bounds the wait for the token");
    source.release();
    assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::OK);
}

/// Repeats a request whose answer is a 500, at most twice.
#[derive(Clone)]
struct ThreeAttempts(u32);

impl<B: Clone> Policy<Request<B>, Response<usize>, BoxError> for ThreeAttempts {
    type Future = std::future::Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<B>,
        result: &mut Result<Response<usize>, BoxError>,
    ) -> Option<Self::Future> {
        let is_failed =
            result.as_ref().is_ok_and(|answer| answer.status() == StatusCode::INTERNAL_SERVER_ERROR);
        self.0 -= 1;
        (is_failed && self.0 > 0).then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, request: &Request<B>) -> Option<Request<B>> {
        let mut copy = Request::get(request.uri()).body(request.body().clone()).unwrap();
        copy.headers_mut().clone_from(request.headers());
        Some(copy)
    }
}

#[tokio::test]
async fn a_retry_sends_the_current_token_only_if_it_stands_outside() {
    let broken = || Api::answering(&[], crate::api::refusal(StatusCode::INTERNAL_SERVER_ERROR, &[]));

    // The token expires after each request.
    let (api, source) = (broken(), source().issue("three"));
    let expiring = source.clone();
    let outside = ServiceBuilder::new()
        .retry(ThreeAttempts(3))
        .map_response(move |answer| {
            expiring.expire();
            answer
        })
        .layer(layer(source))
        .service(api.clone());
    outside.oneshot(request(())).await.unwrap();
    assert_eq!(api.tokens(), ["one", "two", "three"]);

    let (api, source) = (broken(), self::source().issue("three"));
    let expiring = source.clone();
    let inside = ServiceBuilder::new()
        .layer(layer(source))
        .retry(ThreeAttempts(3))
        .map_response(move |answer| {
            expiring.expire();
            answer
        })
        .service(api.clone());
    inside.oneshot(request(())).await.unwrap();
    assert_eq!(api.tokens(), ["one", "one", "one"]);
}

#[tokio::test]
async fn neither_body_nor_service_has_to_be_send() {
    let service = layer(source()).replay(|body: &Rc<str>| Some(Rc::clone(body))).layer(service_fn({
        let seen = Rc::new(std::cell::Cell::new(0));
        move |_: Request<Rc<str>>| {
            let seen = Rc::clone(&seen);
            async move {
                seen.set(seen.get() + 1);
                let status = if seen.get() == 1 { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
                Ok::<_, BoxError>(crate::api::refusal(status, &[]).map(|()| Rc::<str>::from("answer")))
            }
        }
    }));
    let answer = service.oneshot(request(Rc::from("body"))).await.unwrap();
    assert_eq!((answer.status(), &**answer.body()), (StatusCode::OK, "answer"));
}

#[test]
fn the_types_are_send_sync_clone_and_show_no_secret() {
    fn check<T: Send + Sync + Debug>() {}
    type Source = std::sync::Arc<dyn TokenSource>;
    check::<AuthorizationLayer<Source, ()>>();
    check::<Authorization<Api<()>, Source, ()>>();
    fn check_future<T: Send + Debug>() {}
    check_future::<ResponseFuture<Api<()>, Source, ()>>();

    let layer = layer::<_, ()>(ScriptedTokenSource::fixed("canary")).clone();
    let mut service = layer.layer(service_fn(async |_: Request<()>| Ok::<_, BoxError>(Response::new(()))));
    let future = service.call(request(()));
    let shown = format!("{layer:?} {service:?} {future:?}");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("https://api.example.com"), "{shown}");
}

#[tokio::test]
async fn a_dyn_token_source_serves_too() {
    let source: std::sync::Arc<dyn TokenSource> = std::sync::Arc::new(source());
    let api = Api::accepting(&["two"]);
    let mut service = layer(source).layer(api.clone());
    assert_eq!(send(&mut service, request(())).await.unwrap().status(), StatusCode::OK);
    until(|| api.in_flight() == 0).await;
}

//! The layer over `reqwest::Client`, which two combinators of tower adapt: it takes and returns messages of
//! reqwest's own types.

use bytes::Bytes;
use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_tests::hang_guard::bounded;
use cg_auth_tower::{AuthorizationLayer, BoxError, Origin, TokenSource};
use http::{HeaderName, Request, Response, StatusCode};
use tower::{Service, ServiceBuilder, ServiceExt};

use crate::{
    over_hyper_util::provider,
    server::{Server, text},
};

/// `client` below `layer`.
fn authorized<T: TokenSource + 'static>(
    layer: AuthorizationLayer<T, Bytes>,
    client: reqwest::Client,
) -> impl Service<Request<Bytes>, Response = Response<reqwest::Body>, Error = BoxError> + Clone {
    ServiceBuilder::new()
        .layer(layer)
        .map_response(Response::from)
        .filter(|request: Request<Bytes>| reqwest::Request::try_from(request))
        .service(client)
}

#[tokio::test]
async fn a_revoked_token_is_replaced() {
    bounded(async {
        let emulator = Emulator::start().await.unwrap();
        let layer = AuthorizationLayer::new(provider(&emulator), Origin::from(emulator.base_url()));
        let service = authorized(layer, reqwest::Client::new());
        for _ in 0..2 {
            let request = Request::get(emulator.protected_url()).body(Bytes::new()).unwrap();
            assert_eq!(service.clone().oneshot(request).await.unwrap().status(), StatusCode::OK);
            emulator.revoke_all();
        }
        assert_eq!(emulator.count(Operation::ProtectedResource), 3);
    })
    .await;
}

#[tokio::test]
async fn an_error_of_reqwest_goes_back() {
    bounded(async {
        let server = Server::start(|_| text(StatusCode::OK, "")).await;
        let layer = AuthorizationLayer::new(ScriptedTokenSource::fixed("one"), server.origin());
        let service = authorized(layer, reqwest::Client::new());
        let closed = Request::get("http://127.0.0.1:1/").body(Bytes::new()).unwrap();
        let error = service.oneshot(closed).await.unwrap_err();
        assert!(error.downcast_ref::<reqwest::Error>().unwrap().is_connect(), "{error}");
    })
    .await;
}

/// reqwest follows redirects inside the layer. It removes `authorization` before it goes to another origin, but
/// no other header.
#[tokio::test]
async fn a_redirect_that_reqwest_follows_takes_another_header_to_another_origin() {
    bounded(async {
        let other = Server::start(|_| text(StatusCode::OK, "")).await;
        let server = Server::redirecting_to(other.url()).await;
        let name = HeaderName::from_static("x-token");
        let layer = || AuthorizationLayer::new(ScriptedTokenSource::fixed("one"), server.origin());
        for layer in [layer(), layer().header_name(name)] {
            let request = Request::get(server.url()).body(Bytes::new()).unwrap();
            authorized(layer, reqwest::Client::new()).oneshot(request).await.unwrap();
        }
        assert_eq!(other.headers("authorization"), [None, None]);
        assert_eq!(other.headers("x-token"), [None, Some("Bearer one".to_owned())], "this is why not");

        // Without redirects it stays at home.
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let layer = layer().header_name(HeaderName::from_static("x-token"));
        let request = Request::get(server.url()).body(Bytes::new()).unwrap();
        assert_eq!(authorized(layer, client).oneshot(request).await.unwrap().status(), StatusCode::FOUND);
        assert_eq!(other.headers("x-token").len(), 2);
    })
    .await;
}

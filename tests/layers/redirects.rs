//! Where the layer stands beside one that follows redirects.

use bytes::Bytes;
use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_tests::hang_guard::bounded;
use cg_auth_tower::AuthorizationLayer;
use http::{HeaderName, Request, StatusCode};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{ServiceBuilder, ServiceExt};
use tower_http::follow_redirect::{
    FollowRedirectLayer,
    policy::{Limited, Standard},
};

use crate::server::{Server, text};

type Tokens = AuthorizationLayer<ScriptedTokenSource, Full<Bytes>>;

/// A server that redirects to another one, and a layer with a token for the first.
async fn servers() -> (Server, Server, Tokens) {
    let other = Server::start(|_| text(StatusCode::OK, "")).await;
    let server = Server::redirecting_to(other.url()).await;
    let layer = AuthorizationLayer::new(ScriptedTokenSource::fixed("one"), server.origin());
    (server, other, layer)
}

fn request(server: &Server) -> Request<Full<Bytes>> {
    Request::get(server.url()).body(Full::default()).unwrap()
}

#[tokio::test]
async fn redirects_followed_outside_of_the_layer_take_no_token_to_another_origin() {
    bounded(async {
        let (server, other, layer) = servers().await;
        for (layer, name) in [
            (layer.clone(), "authorization"),
            (layer.header_name(HeaderName::from_static("x-token")), "x-token"),
        ] {
            let service = ServiceBuilder::new()
                // Even if the policy removes no header.
                .layer(FollowRedirectLayer::with_policy(Limited::default()))
                .layer(layer)
                .service(Client::builder(TokioExecutor::new()).build_http());
            assert_eq!(service.oneshot(request(&server)).await.unwrap().status(), StatusCode::OK);
            assert_eq!(server.headers(name).last().unwrap().as_deref(), Some("Bearer one"));
            assert_eq!(other.headers(name).last().unwrap(), &None);
        }
    })
    .await;
}

/// The wrong order. Only the policy of the inner layer protects the token, and only in `authorization`.
#[tokio::test]
async fn redirects_followed_inside_of_the_layer_take_the_token_to_another_origin() {
    bounded(async {
        let (server, other, layer) = servers().await;
        let inside = ServiceBuilder::new()
            .layer(layer.clone())
            .layer(FollowRedirectLayer::with_policy(Limited::default()))
            .service(Client::builder(TokioExecutor::new()).build_http());
        inside.oneshot(request(&server)).await.unwrap();
        assert_eq!(other.headers("authorization").last().unwrap().as_deref(), Some("Bearer one"));

        let standard = ServiceBuilder::new()
            .layer(layer.clone())
            .layer(FollowRedirectLayer::with_policy(Standard::default()))
            .service(Client::builder(TokioExecutor::new()).build_http());
        standard.oneshot(request(&server)).await.unwrap();
        assert_eq!(other.headers("authorization").last().unwrap(), &None);

        let standard = ServiceBuilder::new()
            .layer(layer.header_name(HeaderName::from_static("x-token")))
            .layer(FollowRedirectLayer::with_policy(Standard::default()))
            .service(Client::builder(TokioExecutor::new()).build_http());
        standard.oneshot(request(&server)).await.unwrap();
        assert_eq!(other.headers("x-token").last().unwrap().as_deref(), Some("Bearer one"));
    })
    .await;
}

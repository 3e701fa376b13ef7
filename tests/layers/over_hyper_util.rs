//! The layer over hyper-util's pooled client.

use bytes::Bytes;
use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::{AuthClient, HyperTransport, TokenProvider};
use cg_auth_tests::hang_guard::bounded;
use cg_auth_tower::{AuthorizationLayer, Origin};
use http::{Request, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tokio_stream::StreamExt;
use tower::{Layer, ServiceExt};

use crate::server::{Body, Server, text};

/// A provider of the emulator's first user.
pub(crate) fn provider(emulator: &Emulator) -> TokenProvider {
    let credential = emulator.credential();
    let client = AuthClient::new(emulator.base_url().clone(), HyperTransport::new().unwrap());
    let (user, secret) = (credential.user_principal_name().clone(), credential.client_secret().clone());
    TokenProvider::new(client, user, secret)
}

/// A source with that many tokens.
fn issuing(count: usize) -> ScriptedTokenSource {
    (1..=count).fold(ScriptedTokenSource::new(), |source, n| source.issue(&n.to_string()))
}

#[tokio::test]
async fn a_revoked_token_is_replaced_over_http1_and_http2() {
    bounded(async {
        for is_http2 in [false, true] {
            let emulator = Emulator::start().await.unwrap();
            let client = Client::builder(TokioExecutor::new()).http2_only(is_http2).build_http();
            let layer = AuthorizationLayer::new(provider(&emulator), Origin::from(emulator.base_url()));
            let service = layer.layer(client);
            for revocations in 0..2 {
                let request = Request::get(emulator.protected_url()).body(Full::<Bytes>::default()).unwrap();
                let answer = service.clone().oneshot(request).await.unwrap();
                assert_eq!(answer.status(), StatusCode::OK);
                assert_eq!(emulator.count(Operation::ProtectedResource), 1 + 2 * revocations);
                emulator.revoke_all();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn many_callers_with_a_revoked_token_cause_one_acquisition() {
    const CALLS: u64 = 100;
    bounded(async {
        let emulator = Emulator::start().await.unwrap();
        let provider = provider(&emulator);
        provider.token().await.unwrap();
        emulator.revoke_all();
        let layer = AuthorizationLayer::new(provider, Origin::from(emulator.base_url()));
        let service = layer.layer(Client::builder(TokioExecutor::new()).build_http());
        let calls: Vec<_> = (0..CALLS)
            .map(|_| {
                let request = Request::get(emulator.protected_url()).body(Full::<Bytes>::default()).unwrap();
                tokio::spawn(service.clone().oneshot(request))
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::OK);
        }
        let acquisitions = emulator.count(Operation::GetDelegateAccessToken)
            + emulator.count(Operation::RefreshUserAccessToken);
        // The revoked refresh token is refused, and the credential follows in the same acquisition.
        assert!((2..=3).contains(&acquisitions), "{acquisitions} requests for a token");
        assert!(emulator.count(Operation::ProtectedResource) <= 2 * CALLS);
    })
    .await;
}

#[tokio::test]
async fn the_second_request_carries_the_body_once_more() {
    bounded(async {
        let server = Server::start(|number| match number {
            1 => text(StatusCode::UNAUTHORIZED, "refused"),
            _ => text(StatusCode::OK, "accepted"),
        })
        .await;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let service = AuthorizationLayer::new(issuing(2), server.origin()).layer(client);
        let request = Request::post(server.url()).body(Full::new(Bytes::from_static(b"a body"))).unwrap();
        let answer = service.oneshot(request).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "accepted");
        assert_eq!(server.bodies(), ["a body", "a body"]);
        assert_eq!(server.headers("content-length"), vec![Some("6".to_owned()); 2]);
        let tokens = ["Bearer 1", "Bearer 2"].map(|token| Some(token.to_owned()));
        assert_eq!(server.headers(AUTHORIZATION.as_str()), tokens);
    })
    .await;
}

/// The layer drops the first answer unread, and hyper opens another connection.
#[tokio::test]
async fn a_401_whose_body_never_ends_does_not_hold_up_the_second_request() {
    bounded(async {
        let server = Server::start(|number| match number {
            1 => text(StatusCode::UNAUTHORIZED, "").map(|_| endless()),
            _ => text(StatusCode::OK, "accepted"),
        })
        .await;
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let service = AuthorizationLayer::new(issuing(2), server.origin()).layer(client);
        let answer =
            service.oneshot(Request::get(server.url()).body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(server.connections(), 2);
    })
    .await;
}

#[tokio::test]
async fn the_pool_uses_its_connections_again_after_refusals() {
    const CALLS: usize = 50;
    bounded(async {
        let server = Server::start(|number| match number % 2 {
            1 => text(StatusCode::UNAUTHORIZED, r#"{"error":"invalid_token"}"#),
            _ => text(StatusCode::OK, "accepted"),
        })
        .await;
        let source = issuing(CALLS + 1);
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let service = AuthorizationLayer::new(source, server.origin()).layer(client);
        for _ in 0..CALLS {
            let request = Request::get(server.url()).body(Full::default()).unwrap();
            let answer = service.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "accepted");
        }
        assert_eq!(server.bodies().len(), 2 * CALLS);
        // Two would do; a checkout can be faster than the return of a connection.
        assert!(server.connections() <= CALLS / 2, "{} connections", server.connections());
    })
    .await;
}

/// A body of one frame that does not end.
fn endless() -> Body {
    let first = Frame::data(Bytes::from_static(b"refused, because"));
    let frames = tokio_stream::once(Ok(first)).chain(tokio_stream::pending());
    StreamBody::new(frames).boxed()
}

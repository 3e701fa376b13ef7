//! The layer over a tonic `Channel`, with the generated client and server of the gRPC health service.

use std::error::Error;

use bytes::Bytes;
use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_tests::{grpc_server::GrpcServer, hang_guard::bounded};
use cg_auth_tower::{
    AuthorizationLayer, Origin, TokenError, TokenErrorKind, TokenSource, is_unauthenticated,
};
use http_body_util::{BodyExt, Full};
use tonic::{Code, Status, body::Body, metadata::MetadataValue, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::{Layer, ServiceBuilder, ServiceExt};

/// A layer with the tokens of `source` for `server`.
fn layer<T: TokenSource, B: 'static>(server: &GrpcServer, source: T) -> AuthorizationLayer<T, B> {
    AuthorizationLayer::new(source, Origin::parse(&server.uri().to_string()).unwrap())
        .refused_when(is_unauthenticated)
}

fn channel(server: &GrpcServer) -> Channel {
    Channel::builder(server.uri().clone()).connect_lazy()
}

fn check() -> HealthCheckRequest {
    HealthCheckRequest::default()
}

fn bearers(tokens: &[&str]) -> Vec<Option<String>> {
    tokens.iter().map(|token| Some(format!("Bearer {token}"))).collect()
}

#[tokio::test]
async fn the_first_call_has_a_token_and_so_have_calls_that_stream() {
    bounded(async {
        let server = GrpcServer::accepting(&["one"]).await;
        let service = layer(&server, ScriptedTokenSource::new().issue("one")).layer(channel(&server));
        let mut client = HealthClient::with_origin(service, server.uri().clone());
        let mut spawned = client.clone();
        tokio::spawn(async move { spawned.check(check()).await }).await.unwrap().unwrap();
        let mut statuses = client.watch(check()).await.unwrap().into_inner();
        assert!(statuses.message().await.unwrap().is_some());
        assert_eq!(server.tokens(), bearers(&["one", "one"]));
    })
    .await;
}

/// The mistake that programs make by hand: an interceptor cannot wait, so it has no token for the first call.
#[tokio::test]
async fn an_interceptor_has_no_token_for_the_first_call() {
    bounded(async {
        let server = GrpcServer::accepting(&["one"]).await;
        let source = ScriptedTokenSource::new().issue("one");
        let peeking = source.clone();
        let add_token = move |mut request: tonic::Request<()>| {
            let token = peeking.peek().ok_or_else(|| Status::unauthenticated("no token yet"))?;
            let value = MetadataValue::try_from(token.authorization().as_bytes());
            request.metadata_mut().insert("authorization", value.map_err(|_| Status::internal("no value"))?);
            Ok(request)
        };
        let mut client = HealthClient::with_interceptor(channel(&server), add_token);
        assert_eq!(client.check(check()).await.unwrap_err().message(), "no token yet");
        source.token().await.unwrap();
        client.check(check()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_client_without_its_origin_sends_no_token() {
    bounded(async {
        let server = GrpcServer::accepting(&["one"]).await;
        let service = layer(&server, ScriptedTokenSource::fixed("one")).layer(channel(&server));
        let mut client = HealthClient::new(service);
        assert_eq!(client.check(check()).await.unwrap_err().code(), Code::Unauthenticated);
        assert_eq!(server.tokens(), [None]);
    })
    .await;
}

#[tokio::test]
async fn a_refused_call_fails_and_the_next_one_has_another_token() {
    bounded(async {
        let server = GrpcServer::accepting(&["two"]).await;
        let service =
            layer(&server, ScriptedTokenSource::new().issue("one").issue("two")).layer(channel(&server));
        let mut client = HealthClient::with_origin(service, server.uri().clone());
        let refused = client.check(check()).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::Unauthenticated, "a refused token"));
        client.check(check()).await.unwrap();
        assert_eq!(server.tokens(), bearers(&["one", "two"]));
    })
    .await;
}

async fn in_memory(request: http::Request<Body>) -> Result<http::Request<Full<Bytes>>, Status> {
    let (head, body) = request.into_parts();
    let body = Full::new(body.collect().await?.to_bytes());
    Ok(http::Request::from_parts(head, body))
}

#[tokio::test]
async fn a_unary_call_whose_body_is_in_memory_is_repeated() {
    bounded(async {
        let server = GrpcServer::accepting(&["two"]).await;
        let source = ScriptedTokenSource::new().issue("one").issue("two");
        let service = ServiceBuilder::new()
            .filter_async(in_memory)
            .layer(layer(&server, source))
            .map_request(|request: http::Request<Full<Bytes>>| request.map(Body::new))
            .service(channel(&server));
        let client = HealthClient::with_origin(service, server.uri().clone());
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let mut client = client.clone();
                tokio::spawn(async move { client.check(check()).await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        let second = bearers(&["two"]);
        assert_eq!(server.tokens().iter().filter(|token| **token == second[0]).count(), 20);
    })
    .await;
}

#[tokio::test]
async fn without_a_token_the_status_has_the_error_as_its_source() {
    bounded(async {
        let server = GrpcServer::accepting(&[]).await;
        let source = ScriptedTokenSource::failing(TokenError::of_kind(TokenErrorKind::Secret));
        let service = layer(&server, source).layer(channel(&server));
        let mut client = HealthClient::with_origin(service.boxed_clone(), server.uri().clone());
        let status = client.check(check()).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unknown, "cannot read the client secret"));
        assert!(status.source().unwrap().is::<TokenError>());
        assert!(server.tokens().is_empty());
    })
    .await;
}

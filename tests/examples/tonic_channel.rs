//! A gRPC client on tonic: the first call has a token, and so has the call after a refusal.

#![allow(clippy::print_stdout)] // a program that shows something

use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_tests::grpc_server::GrpcServer;
use cg_auth_tower::{AuthorizationLayer, BoxError, Origin, is_unauthenticated};
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let server = GrpcServer::accepting(&["one", "three"]).await;
    let uri = server.uri().clone();
    // A `TokenProvider` in a program. The service refuses its second token.
    let provider = ScriptedTokenSource::new().issue("one").issue("two").issue("three");

    let origin = Origin::parse(&uri.to_string())?;
    let layer = AuthorizationLayer::new(provider.clone(), origin).refused_when(is_unauthenticated);
    let channel = Channel::builder(uri.clone()).connect_lazy();
    let mut client = HealthClient::with_origin(ServiceBuilder::new().layer(layer).service(channel), uri);

    client.check(HealthCheckRequest::default()).await?;
    println!("the first call succeeds");
    provider.expire();
    let refused = client.check(HealthCheckRequest::default()).await;
    assert!(refused.is_err_and(|status| status.code() == Code::Unauthenticated));
    client.check(HealthCheckRequest::default()).await?;
    println!("after a refusal the next call succeeds");
    assert_eq!(server.tokens().len(), 3);
    Ok(())
}

//! A program of tower services: a layer adds a valid token to each request for one API, and repeats a request
//! whose token the API refuses.

#![allow(clippy::print_stdout)] // a program that shows something

use std::time::Duration;

use bytes::Bytes;
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::{AuthClient, HyperTransport, TokenProvider};
use cg_auth_tower::{AuthorizationLayer, BoxError, Origin};
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{ServiceBuilder, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // The emulator stands for the service that issues tokens, and for the API.
    let emulator = Emulator::start().await?;
    let (base_url, user) = (emulator.base_url(), emulator.credential().user_principal_name().clone());
    let client = AuthClient::new(base_url.clone(), HyperTransport::new()?);
    let provider = TokenProvider::new(client, user, emulator.credential().client_secret().clone());

    let api = ServiceBuilder::new()
        .timeout(Duration::from_secs(30))
        .layer(AuthorizationLayer::new(provider, Origin::from(base_url)))
        .service(Client::builder(TokioExecutor::new()).build_http());

    for _ in 0..2 {
        let request = Request::get(emulator.protected_url()).body(Full::<Bytes>::default())?;
        assert_eq!(api.clone().oneshot(request).await?.status(), StatusCode::OK);
        emulator.revoke_all();
    }
    println!("2 answers for {} requests, one of them refused", emulator.count(Operation::ProtectedResource));
    assert_eq!(emulator.count(Operation::ProtectedResource), 3);
    Ok(())
}

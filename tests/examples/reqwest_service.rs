//! `reqwest::Client` as a tower service. The layer handles the messages of the crate `http`; two combinators
//! convert them to reqwest's own and back.

#![allow(clippy::print_stdout)] // a program that shows something

use bytes::Bytes;
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_reqwest::{AuthClient, ReqwestTransport, TokenProvider};
use cg_auth_tower::{AuthorizationLayer, BoxError, Origin};
use http::{Request, Response, StatusCode};
use reqwest::redirect::Policy;
use tower::{ServiceBuilder, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let emulator = Emulator::start().await?;
    let (base_url, user) = (emulator.base_url(), emulator.credential().user_principal_name().clone());
    let client = AuthClient::new(base_url.clone(), ReqwestTransport::new()?);
    let provider = TokenProvider::new(client, user, emulator.credential().client_secret().clone());

    let api = ServiceBuilder::new()
        .layer(AuthorizationLayer::new(provider, Origin::from(base_url)))
        .map_response(Response::<reqwest::Body>::from)
        .filter(|request: Request<Bytes>| reqwest::Request::try_from(request))
        // reqwest would follow redirects inside of the layer.
        .service(reqwest::Client::builder().redirect(Policy::none()).build()?);

    for _ in 0..2 {
        let request = Request::get(emulator.protected_url()).body(Bytes::new())?;
        assert_eq!(api.clone().oneshot(request).await?.status(), StatusCode::OK);
        emulator.revoke_all();
    }
    println!("2 answers for {} requests, one of them refused", emulator.count(Operation::ProtectedResource));
    assert_eq!(emulator.count(Operation::ProtectedResource), 3);
    Ok(())
}

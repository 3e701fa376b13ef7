//! A client of reqwest-middleware whose requests to an API have a token, and are made once more if the API
//! refuses it.

#![allow(clippy::print_stdout)] // a program that shows something

use std::error::Error;

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_reqwest::{AuthClient, ReqwestTransport, TokenProvider};
use cg_auth_reqwest_middleware::{AuthorizationMiddleware, Unauthenticated};
use reqwest_middleware::ClientBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::start().await?;
    let (user, secret) = (emulator.credential().user_principal_name(), emulator.credential().client_secret());
    let client = AuthClient::new(emulator.base_url().clone(), ReqwestTransport::new()?);
    let provider = TokenProvider::new(client, user.clone(), secret.clone());

    let client = ClientBuilder::new(reqwest::Client::new())
        .with(AuthorizationMiddleware::new(provider, emulator.base_url()))
        .build();
    let call = || client.get(emulator.protected_url());
    assert_eq!(call().send().await?.status(), 200);
    emulator.revoke_all();
    assert_eq!(call().send().await?.status(), 200);
    println!("the API refused a token, and the client replaced it");
    assert_eq!(call().with_extension(Unauthenticated).send().await?.status(), 401);
    println!("a request that opts out has no token");
    assert_eq!(emulator.count(Operation::ProtectedResource), 4);
    Ok(())
}

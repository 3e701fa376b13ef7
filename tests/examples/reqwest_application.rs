//! An application on tokio: a token over reqwest that is always valid, and is renewed when an API refuses it.
//!
//! With the real service, the base URL, the user and the secret come from the application's own settings.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{error::Error, time::Duration};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_reqwest::{
    AuthClient, Body, HttpTransport, Now, ReqwestTransport, TokenProvider, is_unauthorized,
};
use http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().token_lifetime(Duration::from_secs(600)).start().await?;
    let (base_url, credential) = (emulator.base_url().clone(), emulator.credential());
    let (user, secret) = (credential.user_principal_name().clone(), credential.client_secret().clone());

    let transport = ReqwestTransport::new()?;
    let provider = TokenProvider::new(AuthClient::new(base_url, transport.clone()), user, secret);
    provider.on_event(|event| println!("  ({} {:?})", event.name(), event.fields()));

    let expiry = provider.token().await?.expiry();
    println!("a token for {:?}, known from {}", expiry.lifetime(), expiry.source().as_str());
    assert!(!expiry.is_expired(Now::system()));
    let header = provider.authorization().await?;
    assert_eq!(call(&emulator, &transport, header).await?.status(), StatusCode::OK);
    println!("it opens the protected resource");

    // Only the service's clock moves, as if the service had revoked the token.
    emulator.clock().advance(Duration::from_secs(601));
    let header = provider.authorization().await?;
    assert_eq!(call(&emulator, &transport, header).await?.status(), StatusCode::UNAUTHORIZED);
    println!("now the service refuses it");

    let refused = |response: &Response<Body>| is_unauthorized(response.status(), response.headers());
    let response = provider.authorized(refused, |header| call(&emulator, &transport, header)).await?;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(emulator.count(Operation::RefreshUserAccessToken), 1);
    println!("with a renewed token the same request succeeds");
    Ok(())
}

/// A call of the application that needs a token.
async fn call(
    emulator: &Emulator,
    transport: &ReqwestTransport,
    authorization: HeaderValue,
) -> Result<Response<Body>, Box<dyn Error>> {
    let request =
        Request::get(emulator.protected_url()).header(AUTHORIZATION, authorization).body(Body::empty())?;
    Ok(transport.send(request).await?)
}

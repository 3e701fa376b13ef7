//! An application on tokio: a token over reqwest, used, and refreshed when it has expired.
//!
//! Against the real service, `base_url` and `credential` come from the application's own settings.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{error::Error, time::Duration};

use cg_auth_core::{
    AuthClient,
    body::Body,
    model::AccessToken,
    time::Now,
    token::{DurationUnit, Expiry},
    transport::HttpTransport,
};
use cg_auth_emulator::Emulator;
use cg_auth_reqwest::ReqwestTransport;
use http::{HeaderValue, Request, StatusCode, header::AUTHORIZATION};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().token_lifetime(Duration::from_secs(600)).start().await?;
    let (base_url, credential) = (emulator.base_url().clone(), emulator.credential());

    let transport = ReqwestTransport::new()?;
    let client = AuthClient::new(base_url, transport.clone());
    let answer = client.get_delegate_access_token(credential).await?;

    let expiry = Expiry::of_answer(&answer, DurationUnit::Seconds);
    println!("a token for {:?}, known by {}", expiry.lifetime(), expiry.source().as_str());
    assert!(!expiry.is_expired(Now::system()));
    assert_eq!(call(&emulator, &transport, answer.value.access_token()).await?, StatusCode::OK);
    println!("it opens the protected resource");

    emulator.clock().advance(Duration::from_secs(601));
    assert_eq!(call(&emulator, &transport, answer.value.access_token()).await?, StatusCode::UNAUTHORIZED);
    println!("ten minutes later it does not");

    let refresh_token = answer.value.refresh_token().ok_or("no refresh token")?;
    let refreshed = client.refresh_user_access_token(credential, refresh_token).await?.value;
    assert_eq!(call(&emulator, &transport, refreshed.access_token()).await?, StatusCode::OK);
    println!("refreshed, it does again");
    Ok(())
}

/// The application's own work: a call that needs a token.
async fn call(
    emulator: &Emulator,
    transport: &ReqwestTransport,
    token: &AccessToken,
) -> Result<StatusCode, Box<dyn Error>> {
    let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))?;
    authorization.set_sensitive(true);
    let request =
        Request::get(emulator.protected_url()).header(AUTHORIZATION, authorization).body(Body::empty())?;
    Ok(transport.send(request).await?.status())
}

//! The core as a library of values: build a request, send it with any HTTP client (here `ureq`, which
//! blocks), read the answer. The program implements no trait and has no async code.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{error::Error, time::Duration};

use cg_auth_core::{
    ApiCredential, BaseUrl, ClientSecret,
    body::Body,
    endpoint::{Endpoint, GetDelegateAccessToken, RequestOptions},
    time::Now,
    token::{DurationUnit, Expiry},
};
use cg_auth_emulator::Emulator;
use http::Response;

fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().start_blocking()?;

    let credential = emulator.credential().clone();
    let (sent, response) = delegate(emulator.base_url(), &credential)?;
    let answer = GetDelegateAccessToken::new(credential.clone()).read(response)?.sent_at(sent);
    let expiry = Expiry::of_answer(&answer, DurationUnit::Seconds);
    println!("a token for {:?}", expiry.lifetime());
    assert_eq!(expiry.lifetime(), Some(Duration::from_secs(3600)));

    let wrong = ApiCredential::new(ClientSecret::new("d3Jvbmc=")?, credential.user_principal_name().clone());
    let (_, response) = delegate(emulator.base_url(), &wrong)?;
    let error =
        GetDelegateAccessToken::new(wrong).read(response).err().ok_or("a wrong secret was accepted")?;
    println!("{error}: {}; recovery: {}", error.messages().join(" "), error.recovery().as_str());
    assert!(error.is_api());
    Ok(())
}

/// Requests a token. Returns when the request was sent, and the answer.
fn delegate(base_url: &BaseUrl, credential: &ApiCredential) -> Result<(Now, Response<Body>), Box<dyn Error>> {
    let endpoint = GetDelegateAccessToken::new(credential.clone());
    let request = endpoint.to_request(base_url, &RequestOptions::new())?;
    // No redirect is followed, since the request carries a secret. The endpoint checks the status.
    let agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(100)))
        .build()
        .new_agent();
    let sent = Now::system();
    let (head, body) = agent.run(request.map(|body| body.as_bytes().to_vec()))?.into_parts();
    let body = body.into_with_config().limit(Body::DEFAULT_LIMIT as u64).read_to_vec()?;
    Ok((sent, Response::from_parts(head, body.into())))
}

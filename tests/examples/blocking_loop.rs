//! A program with a loop and a blocking client, like `plain_loop`. Here a `BlockingTokenProvider` keeps the token
//! valid: it renews it on a thread of its own, repeats a failed call, and replaces a token that the API refuses.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{error::Error, thread::sleep, time::Duration};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_ureq::{AuthClient, BlockingTokenProvider, ThreadRuntime, UreqTransport, is_unauthorized};
use http::HeaderValue;
use ureq::{Body, http::Response};

fn main() -> Result<(), Box<dyn Error>> {
    let service = Emulator::builder().token_lifetime(Duration::from_secs(2)).start_blocking()?;
    let credential = service.credential();
    let (user, secret) = (credential.user_principal_name().clone(), credential.client_secret().clone());
    let transport = UreqTransport::new()?;
    let client = AuthClient::with_runtime(service.base_url().clone(), transport, ThreadRuntime::new());
    let provider = BlockingTokenProvider::new(client, user, secret);
    provider.on_event(|event| println!("{}, {:?}", event.name(), event.fields()));

    let busy = service.next(Operation::RefreshUserAccessToken).refuse(503);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let get = |authorization: HeaderValue| -> Result<Response<Body>, Box<dyn Error>> {
        Ok(agent.get(service.protected_url()).header("authorization", authorization).call()?)
    };
    let refused = |response: &Response<Body>| is_unauthorized(response.status(), response.headers());
    for call in 0..100 {
        if call == 50 {
            service.revoke_all();
        }
        assert_eq!(provider.authorized(refused, get)?.status(), 200, "call {call}");
        sleep(Duration::from_millis(40));
    }

    let refreshes = service.count(Operation::RefreshUserAccessToken);
    println!("100 calls, {refreshes} refreshes, {} refused", busy.hits());
    assert!(refreshes >= 2);
    Ok(())
}

//! A program with a loop and a blocking client, as in `plain_loop`. Here a `BlockingTokenProvider` keeps the token
//! valid: it renews it on a thread of its own and gets another one if the API refuses it.

#![allow(clippy::print_stdout)] // a program that shows something

use std::error::Error;

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_ureq::{AuthClient, BlockingTokenProvider, ThreadRuntime, UreqTransport, is_unauthorized};
use http::{HeaderValue, Response};
use ureq::{Agent, Body};

fn main() -> Result<(), Box<dyn Error>> {
    let service = Emulator::start_blocking()?;
    let credential = service.credential();
    let (user, secret) = (credential.user_principal_name().clone(), credential.client_secret().clone());
    let transport = UreqTransport::new()?;
    let client = AuthClient::with_runtime(service.base_url().clone(), transport, ThreadRuntime::new());
    let provider = BlockingTokenProvider::new(client, user, secret);
    provider.on_event(|event| println!("{}, {:?}", event.name(), event.fields()));

    let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
    let get = |authorization: HeaderValue| -> Result<Response<Body>, Box<dyn Error>> {
        Ok(agent.get(service.protected_url()).header("authorization", authorization).call()?)
    };
    let refused = |response: &Response<Body>| is_unauthorized(response.status(), response.headers());
    let busy = service.next(Operation::RefreshUserAccessToken).refuse(503);
    for call in 0..100 {
        if call == 50 {
            service.revoke_all();
        }
        assert_eq!(provider.authorized(refused, get)?.status(), 200, "call {call}");
    }

    // The refresh fails, so the same acquisition uses the credential.
    let count = |operation| service.count(operation);
    assert_eq!((count(Operation::RefreshUserAccessToken), busy.hits()), (1, 1));
    assert_eq!((count(Operation::GetDelegateAccessToken), count(Operation::ProtectedResource)), (2, 101));
    Ok(())
}

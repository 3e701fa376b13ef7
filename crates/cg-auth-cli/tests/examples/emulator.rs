// Needs the crates cg-auth-emulator, cg-auth-hyper, http, and tokio with `macros`.
use std::time::Duration;

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::{
    AccessToken, AuthClient, Body, CallError, HyperTransport, RetryPolicy,
    cg_auth_core::transport::HttpTransport as _,
};

/// Stands for the program that you test.
struct Program(AuthClient);

impl Program {
    fn new(emulator: &Emulator) -> Self {
        let client = AuthClient::new(emulator.base_url().clone(), transport());
        Self(client.with_retry_policy(RetryPolicy::none()))
    }

    async fn token(&self, emulator: &Emulator) -> Result<AccessToken, CallError> {
        let answer = self.0.get_delegate_access_token(emulator.credential()).await?;
        Ok(answer.value.access_token().clone())
    }
}

fn transport() -> HyperTransport {
    HyperTransport::new().unwrap()
}

/// The status of a call with the token.
async fn call_api(emulator: &Emulator, token: &AccessToken) -> u16 {
    let bearer = format!("Bearer {}", token.expose_secret());
    let request = http::Request::get(emulator.protected_url());
    let request = request.header("authorization", bearer).body(Body::empty());
    transport().send(request.unwrap()).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_token_expires_when_the_clock_says_so() {
    let emulator = Emulator::builder().frozen(true).start().await.unwrap();
    let token = Program::new(&emulator).token(&emulator).await.unwrap();
    emulator.clock().advance(Duration::from_secs(3599));
    assert_eq!(call_api(&emulator, &token).await, 200);
    emulator.clock().advance(Duration::from_secs(1));
    assert_eq!(call_api(&emulator, &token).await, 401);
}

#[tokio::test]
async fn the_service_is_busy_once() {
    let emulator = Emulator::start().await.unwrap();
    let program = Program::new(&emulator);
    let busy = emulator.next(Operation::GetDelegateAccessToken).refuse(503);
    assert_eq!(program.token(&emulator).await.unwrap_err().status().unwrap(), 503);
    program.token(&emulator).await.unwrap();
    assert_eq!(busy.hits(), 1);
}

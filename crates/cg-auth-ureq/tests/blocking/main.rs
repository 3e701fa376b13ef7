//! `BlockingTokenProvider` and `BlockingTokenPool` over real sockets: threads that wait, an async runtime around
//! them, and the end of their process.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic in a test helper is a test failure

mod parity;
mod pool;
mod process;
mod provider;
mod requests;
mod waiting;
mod with_tokio;

use std::{sync::mpsc, thread, time::Duration};

use cg_auth_core::{
    AuthClient, BaseUrl, ClientSecret, TokenError, UserPrincipalName, body::Body, time::Now,
    time::ThreadRuntime, transport::HttpTransport,
};
use cg_auth_emulator::Emulator;
use cg_auth_ureq::{BlockingTokenProvider, UreqTransport};
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};

fn service() -> Emulator {
    Emulator::start_blocking().unwrap()
}

fn client(base_url: &BaseUrl) -> AuthClient {
    AuthClient::with_runtime(base_url.clone(), UreqTransport::new().unwrap(), ThreadRuntime::new())
}

fn provider(service: &Emulator) -> BlockingTokenProvider {
    provider_over(client(service.base_url()), service)
}

fn provider_over(client: AuthClient, service: &Emulator) -> BlockingTokenProvider {
    BlockingTokenProvider::new(client, user(service), secret(service))
}

fn user(service: &Emulator) -> UserPrincipalName {
    service.credential().user_principal_name().clone()
}

fn secret(service: &Emulator) -> ClientSecret {
    service.credential().client_secret().clone()
}

/// A request of the program that needs a token.
fn call(service: &Emulator, authorization: HeaderValue) -> Result<Response<Body>, TokenError> {
    let request = Request::get(service.protected_url()).header(AUTHORIZATION, authorization);
    let transport = UreqTransport::new().unwrap();
    Ok(ThreadRuntime::block_on(transport.send(request.body(Body::empty()).unwrap())).unwrap())
}

/// A thread runs `test`, so that a hang fails it.
fn bounded<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(test()));
    receiver.recv_timeout(HANG).expect("the test neither hangs nor panics")
}

/// No event tells it, so this looks again and again.
fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Now::system();
    while !is_so() {
        assert!(Now::system().saturating_since(begun) < HANG, "it never becomes so");
        thread::yield_now();
    }
}

const SHORT: Duration = Duration::from_millis(100);

/// No test takes a tenth of this.
const HANG: Duration = Duration::from_secs(60);

//! `ThreadRuntime`: what a provider promises holds on threads alone, with real time.

mod calls;
mod lifecycle;
mod pool;
mod with_tokio;

use std::{
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use cg_auth_core::{
    AuthClient, ClientSecret, IssuedToken, RetryPolicy, TokenError, TokenProvider, UserPrincipalName,
    body::Body,
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    testing::ScriptedTransport,
    time::{Now, ThreadRuntime},
    token::Expiry,
    transport::HttpTransport,
};
use http::Response;

use crate::support::{SECRET, USER, base, response};

/// A client without retries, so that requests can be counted.
fn client(transport: impl HttpTransport + 'static) -> AuthClient {
    AuthClient::with_runtime(base(), transport, ThreadRuntime::new()).with_retry_policy(RetryPolicy::none())
}

fn provider(transport: impl HttpTransport + 'static) -> TokenProvider {
    TokenProvider::new(client(transport), user(), secret())
}

fn user() -> UserPrincipalName {
    UserPrincipalName::new(USER).unwrap()
}

fn secret() -> ClientSecret {
    ClientSecret::new(SECRET).unwrap()
}

/// An answer with token `number`, which lives for an hour, and a refresh token.
fn issue(number: u32) -> Response<Body> {
    let body = format!(
        r#"{{"value":{{"access_token":"token-{number}","refresh_token":"refresh-{number}","duration":3600}},"isSuccess":true}}"#
    );
    response(200, &[], body)
}

/// Gives `provider` a token with a refresh token that was issued at `issued` and lives until `expires`.
fn seed(provider: &TokenProvider, issued: Duration, expires: Duration) {
    let now = Now::system();
    let earlier = Now::new(now.monotonic().saturating_sub(issued), now.wall() - issued);
    let refresh_token = RefreshToken::new("refresh-0").unwrap();
    let token = DelegatedAccessToken::new(AccessToken::new("token-0").unwrap(), Some(refresh_token));
    let until: SystemTime = earlier.wall() + issued + expires;
    provider.seed(token, Expiry::until(until, earlier));
}

/// Has a thread wait for a token.
fn waiting(provider: &TokenProvider) -> JoinHandle<Result<IssuedToken, TokenError>> {
    let provider = provider.clone();
    let small = thread::Builder::new().stack_size(128 * 1024);
    small.spawn(move || ThreadRuntime::block_on(provider.token())).unwrap()
}

/// A thread runs `test`, so that a hang fails it.
fn bounded<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(test()));
    receiver.recv_timeout(HANG).expect("the test neither hangs nor panics")
}

fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Now::system();
    while !is_so() {
        assert!(Now::system().saturating_since(begun) < HANG, "it never becomes so");
        thread::yield_now();
    }
}

fn sent(script: &ScriptedTransport, count: usize) -> impl FnMut() -> bool {
    let script = script.clone();
    move || script.requests().len() == count
}

const HOUR: Duration = Duration::from_secs(3600);

const SHORT: Duration = Duration::from_millis(50);

/// No test takes a tenth of this.
const HANG: Duration = Duration::from_secs(60);

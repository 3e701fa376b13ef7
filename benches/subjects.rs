//! The providers and pools under test, over a scripted transport.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, TokenPool, TokenProvider, UserPrincipalName,
    body::Body,
    endpoint::GetDelegateAccessToken,
    model::{AccessToken, DelegatedAccessToken},
    testing::{ScriptedStore, ScriptedTransport},
    time::{Now, TokioRuntime},
    token::Expiry,
};
use http::Response;
use tokio::runtime::Builder;

/// As long as a JWT with a handful of claims.
pub const TOKEN: &str = concat!(
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lb25lQGV4YW1wbGUuY29tIiwiYXVkIjoiZ292ZXJuYW5jZSIsInNjb3BlIjoiYWxsIn0",
    "LCJuYW1lIjoiU29tZW9uZSIsInJvbGVzIjpbImFkbWluaXN0cmF0b3IiXX0aGVyZS1pcy1hLXNpZ25hdHVyZS1vZi0zMi1ieXRlcw"
);

/// The address of the service, with a prefix.
pub const BASE_URL: &str = "https://example.com/governance";
/// The client secret.
pub const SECRET: &str = "dGVzdC1vbmx5LXNlY3JldA==";
/// The delegated user.
pub const USER: &str = "someone@example.com";

/// The address of the service.
#[must_use]
pub fn base_url() -> BaseUrl {
    BaseUrl::parse(BASE_URL).unwrap()
}

/// The operation that gets a token.
#[must_use]
pub fn endpoint() -> GetDelegateAccessToken {
    let secret = ClientSecret::new(SECRET).unwrap();
    GetDelegateAccessToken::new(ApiCredential::new(secret, UserPrincipalName::new(USER).unwrap()))
}

/// An answer of 1.6 KB, whose access token is as long as a JWT with a dozen claims.
#[must_use]
pub fn answer_body() -> Body {
    let token = "eyJhbGciOiJIUzI1NiJ9".repeat(71);
    let refresh_token = "cmVmcmVzaC10b2tlbg--".repeat(4);
    let json = format!(
        r#"{{"value":{{"access_token":"{token}","refresh_token":"{refresh_token}","duration":3600}},"isSuccess":true,"errorMsg":null}}"#
    );
    json.into()
}

/// A client whose service answers one request.
#[must_use]
pub fn client() -> AuthClient {
    client_over(ScriptedTransport::new().answer(answer(3600)))
}

/// A client over `transport`.
#[must_use]
pub fn client_over(transport: ScriptedTransport) -> AuthClient {
    AuthClient::new(BaseUrl::parse("https://example.com").unwrap(), transport)
}

/// An answer with a token that lives for `seconds`.
#[must_use]
pub fn answer(seconds: u32) -> Response<Body> {
    let body = format!(
        r#"{{"value":{{"access_token":"{TOKEN}","refresh_token":"rt","duration":{seconds}}},"isSuccess":true}}"#
    );
    Response::new(body.into())
}

/// An answer without a token.
#[must_use]
pub fn refusal() -> Response<Body> {
    let body = r#"{"errorMsg":"the user is locked","isSuccess":false}"#;
    Response::new(body.into())
}

/// The user under test.
#[must_use]
pub fn user() -> UserPrincipalName {
    UserPrincipalName::new("someone@example.com").unwrap()
}

/// The secret of every subject.
#[must_use]
pub fn secret() -> ClientSecret {
    ClientSecret::new("c2VjcmV0").unwrap()
}

/// A provider that holds a token for an hour.
#[must_use]
pub fn provider() -> TokenProvider {
    let provider = empty_provider();
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(provider.token()).unwrap();
    provider
}

/// A provider that shares its token in a store, and holds it for an hour.
#[must_use]
pub fn sharing_provider() -> TokenProvider {
    let provider = empty_provider().with_store(ScriptedStore::new(TokioRuntime::current()));
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(provider.token()).unwrap();
    provider
}

/// A provider without a token.
#[must_use]
pub fn empty_provider() -> TokenProvider {
    TokenProvider::new(client(), user(), secret())
}

/// Gives `provider` a token that lives for `lifetime` and is `age` old.
pub fn seed(provider: &TokenProvider, lifetime: Duration, age: Duration) {
    let token = DelegatedAccessToken::new(AccessToken::new(TOKEN).unwrap(), None);
    let now = Now::system();
    let then = Now::new(now.monotonic().saturating_sub(age), now.wall() - age);
    provider.seed(token, Expiry::until(then.wall() + lifetime, then));
}

/// A pool that holds a token of each of `users` for an hour.
#[must_use]
pub fn pool(users: &[UserPrincipalName]) -> TokenPool {
    let pool = TokenPool::new(client(), secret());
    for user in users {
        seed(&pool.for_user(user), Duration::from_secs(3600), Duration::ZERO);
    }
    pool
}

/// Users with names of some twenty letters.
#[must_use]
pub fn users(count: usize) -> Vec<UserPrincipalName> {
    (0..count).map(|number| UserPrincipalName::new(format!("User{number:04}@example.com")).unwrap()).collect()
}

/// The output of a future that is ready at its first poll. It is inlined, as an `await` is.
#[inline(always)]
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("there is no cached token"),
    }
}

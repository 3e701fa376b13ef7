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
pub fn answer() -> Body {
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
    let answer = format!(
        r#"{{"value":{{"access_token":"{TOKEN}","refresh_token":"rt","duration":3600}},"isSuccess":true}}"#
    );
    let transport = ScriptedTransport::new().answer(Response::new(answer.into()));
    AuthClient::new(BaseUrl::parse("https://example.com").unwrap(), transport)
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
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    TokenProvider::new(client(), user, ClientSecret::new("c2VjcmV0").unwrap())
}

/// A pool that holds a token of each of `users` for an hour.
#[must_use]
pub fn pool(users: &[UserPrincipalName]) -> TokenPool {
    let pool = TokenPool::new(client(), ClientSecret::new("c2VjcmV0").unwrap());
    for user in users {
        let token = DelegatedAccessToken::new(AccessToken::new(TOKEN).unwrap(), None);
        let now = Now::system();
        pool.for_user(user).seed(token, Expiry::until(now.wall() + Duration::from_secs(3600), now));
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

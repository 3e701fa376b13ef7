//! The provider under test, over a scripted transport.

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, TokenPool, TokenProvider, UserPrincipalName,
    body::Body,
    endpoint::GetDelegateAccessToken,
    testing::{ScriptedStore, ScriptedTransport},
    time::TokioRuntime,
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

/// A pool with a token for one user, and the user.
#[must_use]
pub fn pool() -> (TokenPool, UserPrincipalName) {
    let user = UserPrincipalName::new(USER).unwrap();
    let pool = TokenPool::new(client(), ClientSecret::new(SECRET).unwrap());
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(pool.for_user(&user).token()).unwrap();
    (pool, user)
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

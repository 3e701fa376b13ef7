//! [`AuthorizedBy`]: the token of a source in a request of the program's own.

use cg_auth_core::{TokenError, TokenSource};
use http::{HeaderMap, header::AUTHORIZATION};
use reqwest::RequestBuilder;

mod sealed {
    pub trait Sealed {}
    impl Sealed for reqwest::RequestBuilder {}
}

/// Adds a token to a [`reqwest::RequestBuilder`].
///
/// ```
/// use cg_auth_emulator::Emulator;
/// use cg_auth_reqwest::{
///     AuthClient, AuthorizedBy as _, ReqwestTransport, TokenProvider,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let service = Emulator::start().await?;
/// # let auth = AuthClient::new(service.base_url().clone(), ReqwestTransport::new()?);
/// # let user = service.credential().user_principal_name().clone();
/// # let secret = service.credential().client_secret().clone();
/// # let provider = TokenProvider::new(auth, user, secret);
/// # let api = service.protected_url();
/// let client = reqwest::Client::new();
/// let answer = client.get(&api).authorized_by(&provider).await?.send().await?;
/// assert_eq!(answer.status(), 200);
/// # Ok(())
/// # }
/// ```
pub trait AuthorizedBy: sealed::Sealed + Sized {
    /// Sets the `authorization` header to a valid token of `source`, marked as sensitive, in place of any
    /// other value. It waits only if there is no token.
    ///
    /// The token goes wherever the request goes: call this only for a URL of the API. If the API redirects to
    /// another origin, reqwest removes the header before it follows. If the API refuses the token,
    /// [`TokenProvider::authorized`](crate::TokenProvider::authorized) repeats the request with a new one;
    /// the crate `cg-auth-reqwest-middleware` does that for every request, and checks the origin.
    ///
    /// # Errors
    /// [`TokenError`], which says why there is no token.
    fn authorized_by<S>(self, source: &S) -> impl Future<Output = Result<Self, TokenError>> + Send
    where
        S: TokenSource + ?Sized;
}

impl AuthorizedBy for RequestBuilder {
    async fn authorized_by<S>(self, source: &S) -> Result<Self, TokenError>
    where
        S: TokenSource + ?Sized,
    {
        let token = source.token().await?;
        // `RequestBuilder::header` would append a second value.
        let header = HeaderMap::from_iter([(AUTHORIZATION, token.authorization().clone())]);
        Ok(self.headers(header))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cg_auth_core::{TokenErrorKind, testing::ScriptedTokenSource};
    use cg_auth_emulator::{Emulator, Operation};
    use http::Response;

    use super::*;

    #[tokio::test]
    async fn the_token_takes_the_place_of_any_other_credential_and_is_sensitive() {
        let source = ScriptedTokenSource::new().issue("one");
        let client = reqwest::Client::new();
        for request in [
            client.get("https://example.com"),
            client.get("https://user:password@example.com"),
            client.get("https://example.com").bearer_auth("other").header(AUTHORIZATION, "third"),
        ] {
            let request =
                request.header("x-own", "kept").authorized_by(&source).await.unwrap().build().unwrap();
            let values: Vec<_> = request.headers().get_all(AUTHORIZATION).iter().collect();
            assert!(values == ["Bearer one"] && values[0].is_sensitive());
            assert_eq!(request.headers()["x-own"], "kept");
            assert!(!format!("{request:?}").contains("Bearer"));
        }
        assert_eq!(source.acquisitions(), 1);
    }

    #[tokio::test]
    async fn without_a_token_there_is_no_request_and_the_error_says_why() {
        let error = TokenError::of_kind(TokenErrorKind::Secret);
        let source: Arc<dyn TokenSource> = Arc::new(ScriptedTokenSource::failing(error));
        let request = reqwest::Client::new().get("https://example.com");
        assert_eq!(request.authorized_by(&*source).await.unwrap_err().kind(), TokenErrorKind::Secret);
    }

    #[tokio::test]
    async fn the_future_can_be_spawned_with_a_source_that_it_borrows() {
        let call = async {
            let source = ScriptedTokenSource::fixed("one");
            reqwest::Client::new().get("https://example.com").authorized_by(&source).await.is_ok()
        };
        assert!(tokio::spawn(call).await.unwrap());
    }

    #[tokio::test]
    async fn a_redirect_to_another_origin_carries_no_token() {
        let (api, other) = (Emulator::start().await.unwrap(), Emulator::start().await.unwrap());
        let redirect = Response::builder().status(307).header("location", other.protected_url());
        let _script = api.next(Operation::ProtectedResource).answer_with(redirect.body("".into()).unwrap());
        let source = ScriptedTokenSource::fixed("one");
        let request = reqwest::Client::new().get(api.protected_url()).authorized_by(&source).await.unwrap();
        assert_eq!(request.send().await.unwrap().status(), 401);
        let shown = |service: &Emulator| {
            let requests = service.requests();
            assert_eq!(requests.len(), 1);
            (format!("{requests:?}").to_lowercase(), service.digest("one"))
        };
        let ((at_api, digest), (at_other, other_digest)) = (shown(&api), shown(&other));
        assert!(at_api.contains(&digest) && at_api.contains("authorization"), "{at_api}");
        assert!(!at_other.contains(&other_digest) && !at_other.contains("authorization"), "{at_other}");
    }
}

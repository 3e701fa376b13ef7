//! [`authorized`]: a request that is made once more with a new token if the service refuses the first one.

use http::{HeaderMap, HeaderValue, StatusCode, header::WWW_AUTHENTICATE};

use super::{TokenError, TokenSource};

/// Makes a request of the caller's with a valid token. If the answer says that the token was refused, it
/// reports the token to `source` and makes the request once more with a new token.
///
/// `call` is given the value of an `authorization` header. `refused` judges an answer; [`is_unauthorized`]
/// does for most services. The answer to the second request is returned whatever it says. If the service
/// issues the same token again, the first answer is returned.
///
/// ```
/// # use cg_auth_core::{AuthClient, BaseUrl, ClientSecret, UserPrincipalName};
/// # use cg_auth_core::testing::{ManualClock, ScriptedTransport};
/// use cg_auth_core::{TokenError, TokenProvider};
/// use cg_auth_core::token::{authorized, is_unauthorized};
/// use http::{HeaderMap, StatusCode};
///
/// # async fn service(authorization: http::HeaderValue) -> Result<StatusCode, TokenError> {
/// #     let is_old = authorization == "Bearer token-1";
/// #     Ok(if is_old { StatusCode::UNAUTHORIZED } else { StatusCode::OK })
/// # }
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let answer = |n: u32| http::Response::new(format!(
/// #     r#"{{"value":{{"access_token":"token-{n}","duration":3600}},"isSuccess":true}}"#).into());
/// # let transport = ScriptedTransport::new().answer(answer(1)).answer(answer(2));
/// # let client = AuthClient::with_runtime(
/// #     BaseUrl::parse("https://example.com")?, transport, ManualClock::new());
/// # let user = UserPrincipalName::new("someone@example.com")?;
/// # let provider = TokenProvider::new(client, user, ClientSecret::new("s3cret")?);
/// let refused = |status: &StatusCode| is_unauthorized(*status, &HeaderMap::new());
/// let status = authorized(&provider, refused, service).await?;
/// assert_eq!(status, StatusCode::OK);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`TokenError`] if there is no token, and every error of `call`.
pub async fn authorized<S, T, E, F>(
    source: &S,
    refused: impl Fn(&T) -> bool,
    call: impl Fn(HeaderValue) -> F,
) -> Result<T, E>
where
    S: TokenSource + ?Sized,
    E: From<TokenError>,
    F: Future<Output = Result<T, E>>,
{
    let token = source.token().await?;
    let answer = call(token.authorization().clone()).await?;
    if !refused(&answer) {
        return Ok(answer);
    }
    source.invalidate(&token);
    let fresh = source.token().await?;
    if fresh.expose_secret() == token.expose_secret() {
        return Ok(answer);
    }
    call(fresh.authorization().clone()).await
}

/// Whether an answer says that the token was refused, so that a new one may help. That is a 401, unless it
/// says `insufficient_scope`: then the token is valid but allows too little (RFC 6750 section 3.1).
#[must_use]
pub fn is_unauthorized(status: StatusCode, headers: &HeaderMap) -> bool {
    let has_insufficient_scope = |value: &HeaderValue| {
        value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains("insufficient_scope"))
    };
    status == StatusCode::UNAUTHORIZED
        && !headers.get_all(WWW_AUTHENTICATE).iter().any(has_insufficient_scope)
}

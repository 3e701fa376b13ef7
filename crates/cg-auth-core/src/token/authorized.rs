//! [`authorized`]: a request that is made once more with a new token if the service refuses the first one.

use http::{HeaderMap, HeaderValue, StatusCode, header::WWW_AUTHENTICATE};

use super::{TokenError, TokenSource};

/// Makes the caller's request with a valid token. If the answer says that the token was refused, it reports
/// the token to `source` and makes the request once more with a new token.
///
/// `call` is given the value of an `authorization` header, and may count or keep something between its two
/// calls. Its future borrows from outside `call`, never from it, so that a task can be spawned with it.
/// `refused` says whether an answer refuses the
/// token; [`is_unauthorized`] fits most services. The answer to the second request is returned whatever it
/// says. If the service issues the same token again, the first answer is returned.
///
/// ```
/// # use cg_auth_core::testing::{ManualClock, ScriptedTransport};
/// # use cg_auth_core::{AuthClient, BaseUrl, ClientSecret, UserPrincipalName};
/// use cg_auth_core::{TokenError, TokenProvider};
/// use http::{HeaderValue, StatusCode};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let issued = |n: u32| http::Response::new(format!(
/// #     r#"{{"value":{{"access_token":"{n}","duration":3600}},"isSuccess":true}}"#).into());
/// # let transport = ScriptedTransport::new().answer(issued(1)).answer(issued(2));
/// # let base = BaseUrl::parse("https://example.com")?;
/// # let client = AuthClient::with_runtime(base, transport, ManualClock::new());
/// # let user = UserPrincipalName::new("someone@example.com")?;
/// # let provider = TokenProvider::new(client, user, ClientSecret::new("s3cret")?);
/// // The service refuses the first token.
/// let service = async |authorization: HeaderValue| match authorization == "Bearer 1" {
///     true => Ok::<_, TokenError>(StatusCode::UNAUTHORIZED),
///     false => Ok(StatusCode::OK),
/// };
/// let refused = |status: &StatusCode| *status == StatusCode::UNAUTHORIZED;
/// assert_eq!(provider.authorized(refused, service).await?, StatusCode::OK);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`TokenError`] if there is no token, and every error of `call`.
pub async fn authorized<S, T, E, F>(
    source: &S,
    refused: impl Fn(&T) -> bool,
    mut call: impl FnMut(HeaderValue) -> F,
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

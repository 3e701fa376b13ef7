//! The floor for the endpoint benchmarks: the same work, written by hand with `http` and `serde` for one
//! operation. It has no checks, no zeroing and no error texts.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use serde::{Deserialize, Serialize};

/// The body of the delegate request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential<'a> {
    /// The client secret.
    pub client_secret: &'a str,
    /// The delegated user.
    pub user_principal_name: &'a str,
}

/// The answer of the token operations.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiResult {
    /// The token.
    pub value: Option<Value>,
    /// Whether the service carried out the operation.
    #[serde(default)]
    pub is_success: bool,
    /// The reason for a refusal.
    pub error_msg: Option<String>,
}

/// The tokens of an [`ApiResult`].
#[derive(Debug, Deserialize)]
pub struct Value {
    /// The access token.
    pub access_token: Option<String>,
    /// The refresh token.
    pub refresh_token: Option<String>,
    /// The lifetime, in a unit that the service does not document.
    #[serde(default)]
    pub duration: i64,
}

/// Builds the delegate request.
///
/// # Errors
/// If `http` or `serde_json` refuses the credential.
pub fn delegate_request(
    base_url: &str,
    credential: &Credential<'_>,
) -> Result<Request<Bytes>, Box<dyn std::error::Error>> {
    let body = serde_json::to_vec(credential)?;
    let mut secret = HeaderValue::from_str(credential.client_secret)?;
    secret.set_sensitive(true);
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{base_url}/auth/token/delegate"))
        .header(header::ACCEPT, HeaderValue::from_static("application/json"))
        .header(header::USER_AGENT, HeaderValue::from_static("floor/1.0"))
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(header::CONTENT_LENGTH, body.len())
        .header("clientsecret", secret)
        .header("userprincipalname", credential.user_principal_name)
        .body(body.into())?;
    Ok(request)
}

/// Reads a token answer.
///
/// # Errors
/// If the status is not 2xx, the body is not a token answer, or the answer holds no token.
pub fn read_token(response: &Response<Bytes>) -> Result<Value, Box<dyn std::error::Error>> {
    if !response.status().is_success() {
        return Err(response.status().as_str().into());
    }
    let result: ApiResult = serde_json::from_slice(response.body())?;
    match result {
        ApiResult { is_success: true, value: Some(value), .. } if value.access_token.is_some() => Ok(value),
        refused => Err(refused.error_msg.unwrap_or_default().into()),
    }
}

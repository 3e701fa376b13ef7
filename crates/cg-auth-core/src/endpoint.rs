//! The operations of the service as pure conversions: to an [`http::Request`], from an [`http::Response`].
//!
//! Nothing here waits or sends. A program without a [transport](crate::transport) builds the request, moves
//! the bytes itself and hands the response back:
//!
//! ```
//! use cg_auth_core::{
//!     ApiCredential, BaseUrl, ClientSecret, UserPrincipalName,
//!     endpoint::{Endpoint, GetDelegateAccessToken, RequestOptions},
//! };
//!
//! let credential = ApiCredential::new(ClientSecret::new("s3cret")?, UserPrincipalName::new("a@example.com")?);
//! let endpoint = GetDelegateAccessToken::new(credential);
//! let request = endpoint.to_request(&BaseUrl::parse("https://example.com")?, &RequestOptions::new())?;
//! assert_eq!(request.uri(), "https://example.com/auth/token/delegate");
//!
//! let response = http::Response::new(
//!     r#"{"value":{"access_token":"eyJ","refresh_token":null,"duration":3600},"isSuccess":true}"#.into(),
//! );
//! assert_eq!(endpoint.read(response)?.value.access_token().expose_secret(), "eyJ");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod answered;
mod delete_token_cache;
mod error;
mod get_delegate_access_token;
mod redaction;
mod refresh_user_access_token;
mod request_options;
mod retry_after;
mod token_result;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT},
};

pub use self::{
    answer::Answer,
    delete_token_cache::DeleteTokenCache,
    error::{EndpointError, ProtocolError},
    get_delegate_access_token::GetDelegateAccessToken,
    refresh_user_access_token::RefreshUserAccessToken,
    request_options::RequestOptions,
};
use self::{answered::Answered, redaction::Redaction};
pub(crate) use self::{
    answered::request_id_of,
    retry_after::{LONGEST_RETRY_AFTER, date_of},
};
use crate::{
    body::Body,
    model::{ApiCredential, BaseUrl, JsonContract},
};

/// One operation of the service: its input as a value, its output as a type.
///
/// An implementation states what is its own; the provided methods add the credential, judge the status and
/// keep secrets out of errors, so that no endpoint can forget it.
pub trait Endpoint: Send + Sync {
    /// What a successful answer means.
    type Output;

    /// The HTTP method.
    fn method(&self) -> Method;

    /// The path below the base URL, with its leading slash.
    fn path(&self) -> &str;

    /// On whose behalf the call is made.
    fn credential(&self) -> &ApiCredential;

    /// Whether the call may be made again although the service may have received it already. Unless an
    /// operation says so, it may not.
    fn is_repeatable(&self) -> bool {
        false
    }

    /// The JSON document to send, if the operation takes one.
    fn body(&self, contract: JsonContract) -> Option<Body> {
        let _ = contract;
        None
    }

    /// Adds headers of the operation's own. A value that is a secret is marked
    /// [sensitive](HeaderValue::set_sensitive): that keeps it out of every error text too.
    fn add_headers(&self, headers: &mut HeaderMap) {
        let _ = headers;
    }

    /// Reads the body of a 2xx answer: the output, and the `errorMsg` that may come beside it.
    ///
    /// # Errors
    /// [`EndpointError`]: protocol when it cannot be read, rejected when it says no.
    fn read_success(&self, body: &Body) -> Result<(Self::Output, Option<String>), EndpointError>;

    /// The whole request, ready to be sent.
    ///
    /// # Errors
    /// [`EndpointError`] of the config kind when the path and `base` make no URL together.
    fn to_request(&self, base: &BaseUrl, options: &RequestOptions) -> Result<Request<Body>, EndpointError> {
        let body = self.body(options.json_contract());
        let mut request = Request::new(Body::empty());
        *request.method_mut() = self.method();
        *request.uri_mut() = base.join(self.path())?;

        let headers = request.headers_mut();
        headers.clone_from(options.headers());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, options.user_agent().clone());
        if options.json_contract() == JsonContract::PascalCase {
            headers.insert(JSON_CONTRACT, HeaderValue::from_static("PascalCase"));
        }
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(CONTENT_LENGTH, body.as_ref().map_or(0, Body::len).into());
        self.add_headers(headers);
        add_credential(self.credential(), headers);

        *request.body_mut() = body.unwrap_or_default();
        Ok(request)
    }

    /// What an answer means to a request that was built with the default options.
    ///
    /// # Errors
    /// [`EndpointError`], as [`read_with`](Self::read_with).
    fn read(&self, response: Response<Body>) -> Result<Answer<Self::Output>, EndpointError> {
        self.read_with(response, &RequestOptions::new())
    }

    /// What an answer means. The status is judged before the body, the body before its `Content-Type`. The
    /// options are those of the request: what they hold as a secret is kept out of an error too.
    ///
    /// # Errors
    /// [`EndpointError`]: api for a status of 400 and above, rejected for a 2xx that says no, protocol for
    /// everything that is no answer of this operation.
    fn read_with(
        &self,
        response: Response<Body>,
        options: &RequestOptions,
    ) -> Result<Answer<Self::Output>, EndpointError> {
        let (parts, body) = response.into_parts();
        let status = parts.status;
        let read = if status.is_success() {
            // An encoded body is as good as none, which is enough for an operation that reads none.
            match is_encoded(&parts.headers) {
                true => self.read_success(&Body::empty()).map_err(|_| ProtocolError::Encoded.into()),
                false => self.read_success(&body),
            }
        } else if status >= StatusCode::BAD_REQUEST {
            Err(EndpointError::api())
        } else {
            Err(ProtocolError::UnexpectedStatus.into())
        };
        let redaction = || {
            let mut sent = options.headers().clone();
            self.add_headers(&mut sent);
            add_credential(self.credential(), &mut sent);
            let secrets =
                sent.iter().filter(|(name, value)| value.is_sensitive() && *name != USER_PRINCIPAL_NAME);
            Redaction::of(secrets.map(|(_, value)| value.as_bytes()))
        };
        match read {
            Ok((value, error_msg)) => {
                let error_msg = error_msg.map(|text| redaction().apply_to_line(&text));
                Ok(Answer { status, headers: parts.headers, error_msg, attempts: 0, sent: None, value })
            }
            Err(error) => {
                let redaction = redaction();
                Err(error.answered(Answered::read(status, &parts.headers, &body, &redaction), &redaction))
            }
        }
    }
}

/// The header that carries the client secret; header names ignore case.
pub(crate) const CLIENT_SECRET: HeaderName = HeaderName::from_static("clientsecret");
/// The header that names the delegated user.
pub(crate) const USER_PRINCIPAL_NAME: HeaderName = HeaderName::from_static("userprincipalname");
/// The header that carries the refresh token. Its underscore makes some proxies drop it.
pub(crate) const REFRESH_TOKEN: HeaderName = HeaderName::from_static("refresh_token");
/// The header that asks for a JSON contract.
pub(crate) const JSON_CONTRACT: HeaderName = HeaderName::from_static("x-cloud-governance-jsoncontract");

/// The one place that writes a credential into headers. It comes last, so nothing overrides it.
fn add_credential(credential: &ApiCredential, headers: &mut HeaderMap) {
    headers.insert(CLIENT_SECRET, sensitive(credential.client_secret().expose_secret()));
    headers.insert(USER_PRINCIPAL_NAME, sensitive(credential.user_principal_name().as_str()));
}

/// A header value that `Debug` and HPACK keep to themselves.
#[allow(clippy::expect_used)] // visible ASCII, by the types that this is called with
fn sensitive(visible_ascii: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(visible_ascii).expect("visible ASCII is a header value");
    value.set_sensitive(true);
    value
}

/// Whether the body is compressed or otherwise encoded, which was never offered (SPEC section 11).
fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|value| !value.is_empty() && !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

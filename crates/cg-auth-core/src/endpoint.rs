//! The operations of the service as pure conversions: to an [`http::Request`], from an [`http::Response`].
//!
//! This module does no I/O. A program without a [transport](crate::transport) builds the request, sends it
//! with a client of its own and hands the response back:
//!
//! ```
//! use cg_auth_core::{
//!     ApiCredential, BaseUrl, ClientSecret, UserPrincipalName,
//!     endpoint::{Endpoint, GetDelegateAccessToken, RequestOptions},
//! };
//!
//! let secret = ClientSecret::new("s3cret")?;
//! let credential = ApiCredential::new(secret, UserPrincipalName::new("a@example.com")?);
//! let endpoint = GetDelegateAccessToken::new(credential);
//! let base_url = BaseUrl::parse("https://example.com")?;
//! let request = endpoint.to_request(&base_url, &RequestOptions::new())?;
//! assert_eq!(request.uri(), "https://example.com/auth/token/delegate");
//!
//! let body = r#"{"value":{"access_token":"eyJ","duration":3600},"isSuccess":true}"#;
//! let answer = endpoint.read(http::Response::new(body.into()))?;
//! assert_eq!(answer.value.access_token().expose_secret(), "eyJ");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod delete_token_cache;
mod error;
mod failed_answer;
mod get_delegate_access_token;
mod headers;
mod issued;
mod redaction;
mod refresh_user_access_token;
mod request_id;
mod request_options;
mod retry_after;
mod secrets;
mod token_result;

use std::sync::LazyLock;

use http::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use zeroize::Zeroizing;

pub(crate) use self::retry_after::{LONGEST_RETRY_AFTER, date_of};
pub use self::{
    answer::Answer,
    delete_token_cache::DeleteTokenCache,
    error::{EndpointError, ProtocolError},
    get_delegate_access_token::GetDelegateAccessToken,
    refresh_user_access_token::RefreshUserAccessToken,
    request_options::RequestOptions,
};
use self::{
    headers::{add_credential, decimal, is_encoded},
    redaction::TextKind,
    secrets::Secrets,
};
use crate::{
    body::Body,
    model::{ApiCredential, BaseUrl, JsonContract},
};

/// One operation of the service: the value holds its input, [`Output`](Self::Output) is its result.
///
/// An implementation states the method, the path and how to read a 2xx body. The provided methods add the
/// credential, check the status and keep secrets out of errors, so that no endpoint can forget that.
pub trait Endpoint: Send + Sync {
    /// The result of a successful call.
    type Output;

    /// The HTTP method.
    fn method(&self) -> Method;

    /// The path below the base URL, with its leading slash.
    fn path(&self) -> &str;

    /// The client secret and the user of the call.
    fn credential(&self) -> &ApiCredential;

    /// Whether a retry is safe even if the service may have received the request before. Default: `false`.
    fn is_repeatable(&self) -> bool {
        false
    }

    /// The JSON document to send, if the operation takes one. Default: `None`.
    fn body(&self, contract: JsonContract) -> Option<Body> {
        let _ = contract;
        None
    }

    /// Adds the operation's own headers. Mark a secret value as [sensitive](http::HeaderValue::set_sensitive), so
    /// that errors redact it too.
    fn add_headers(&self, headers: &mut HeaderMap) {
        let _ = headers;
    }

    /// Reads the body of a 2xx answer into the output and the `errorMsg`, if there is one.
    ///
    /// [`read`](Self::read) calls this and then redacts the message.
    ///
    /// # Errors
    /// [`EndpointError`]: protocol if the body cannot be read, rejected if it says `isSuccess: false`.
    fn read_success(&self, body: &Body) -> Result<(Self::Output, Option<String>), EndpointError>;

    /// Builds the request, complete with URL, headers and body.
    ///
    /// # Errors
    /// [`EndpointError`] of the config kind if `base` and the path do not form a valid URL.
    fn to_request(&self, base: &BaseUrl, options: &RequestOptions) -> Result<Request<Body>, EndpointError> {
        let body = self.body(options.json_contract());
        let mut headers = options.headers().clone();
        if body.is_none() {
            headers.remove(CONTENT_TYPE);
        }
        headers.insert(CONTENT_LENGTH, decimal(body.as_ref().map_or(0, Body::len)));
        self.add_headers(&mut headers);
        add_credential(self.credential(), &mut headers);

        let mut request = Request::new(body.unwrap_or_default());
        *request.method_mut() = self.method();
        *request.uri_mut() = base.join(self.path())?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Reads the answer to a request with default options.
    ///
    /// # Errors
    /// [`EndpointError`], as from [`read_with`](Self::read_with).
    fn read(&self, response: Response<Body>) -> Result<Answer<Self::Output>, EndpointError> {
        self.read_with(response, &DEFAULT_OPTIONS)
    }

    /// Reads the answer to a request that was built with `options`. Errors redact the secrets in those
    /// options too.
    ///
    /// The status decides first, then the body. The `Content-Type` does not count.
    ///
    /// # Errors
    /// [`EndpointError`]: api for a status of 400 or above, rejected for a 2xx that says `isSuccess: false`,
    /// protocol for an answer that is not valid for this operation.
    fn read_with(
        &self,
        response: Response<Body>,
        options: &RequestOptions,
    ) -> Result<Answer<Self::Output>, EndpointError> {
        let (parts, body) = response.into_parts();
        let status = parts.status;
        let read = if status.is_success() {
            // A compressed body is read as empty, so an operation that needs no body still succeeds.
            match is_encoded(&parts.headers) {
                true => self.read_success(&Body::empty()).map_err(|_| ProtocolError::Encoded.into()),
                false => self.read_success(&body),
            }
        } else if status >= StatusCode::BAD_REQUEST {
            Err(EndpointError::api())
        } else {
            Err(ProtocolError::UnexpectedStatus.into())
        };
        let secrets = || {
            let mut sent = options.headers().clone();
            self.add_headers(&mut sent);
            add_credential(self.credential(), &mut sent);
            Secrets::new(&sent, &body)
        };
        match read {
            Ok((value, error_msg)) => {
                let error_msg = error_msg.map(Zeroizing::new);
                let error_msg = error_msg.map(|text| secrets().redact_line(&text, TextKind::Prose));
                let request_id =
                    request_id::find(&parts.headers).filter(|id| id.len() <= request_id::LONGEST);
                let request_id = request_id.map(|id| secrets().redact_line(id, TextKind::Identifier));
                let headers = parts.headers;
                Ok(Answer { status, headers, error_msg, attempts: 0, sent: None, value, request_id })
            }
            Err(error) => Err(error.with_answer(status, &parts.headers, &body, &secrets())),
        }
    }
}

static DEFAULT_OPTIONS: LazyLock<RequestOptions> = LazyLock::new(RequestOptions::new);

//! The answers of the proxy itself: short texts for the program that made the request.

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};

/// The body of an answer: of the upstream, or of the proxy itself.
pub(super) type AnswerBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// An answer of the proxy itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OwnAnswer {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

impl OwnAnswer {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// The answer in HTTP. One for HEAD has no body.
    pub(super) fn into_response(self, is_head: bool) -> Response<AnswerBody> {
        let text = if is_head { String::new() } else { format!("cg-auth proxy: {}\n", self.text) };
        let body = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        for (name, value) in [
            (CONTENT_TYPE, "text/plain; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        if matches!(self.status, StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT) {
            // What follows on the connection may be the rest of this request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

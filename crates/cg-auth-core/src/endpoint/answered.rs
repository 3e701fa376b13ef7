//! [`Answered`]: what an error keeps of the answer that it is about, after every secret has been replaced.

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER, SERVER, VIA, WWW_AUTHENTICATE},
};

use super::{is_encoded, redaction::Redaction, retry_after::RetryAfter};
use crate::{
    body::Body,
    model::{ApiError, DelegatedAccessTokenApiResult, read_json},
    time::Now,
};

/// What is kept of an answer that was no success, redacted.
#[derive(Clone, Default)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) error: ApiError,
    pub(super) text: Option<String>,
    pub(super) retry_after: Option<RetryAfter>,
    pub(super) received: Option<Now>,
}

impl Answered {
    pub(super) fn read(status: StatusCode, headers: &HeaderMap, body: &Body, redaction: &Redaction) -> Self {
        let mut answered = Self {
            status,
            headers: safe_headers(headers, redaction),
            retry_after: RetryAfter::read(headers),
            ..Self::default()
        };
        // Of a 2xx nothing is kept: it may hold a token. A compressed body says nothing.
        if !status.is_success() && !is_encoded(headers) && !body.is_empty() {
            let body = body.as_bytes();
            answered.error = read_json::<ApiError>(body).unwrap_or_default().redacted(redaction);
            if is_presentable(body) {
                answered.text = Some(redaction.apply(&String::from_utf8_lossy(body), TEXT_LIMIT));
            }
        }
        answered
    }

    /// Of the body, else of a header.
    pub(super) fn request_id(&self) -> Option<&str> {
        self.error.request_id.as_deref().or_else(|| request_id_of(&self.headers))
    }
}

/// The id of an answer by its headers.
pub(crate) fn request_id_of(headers: &HeaderMap) -> Option<&str> {
    REQUEST_IDS.iter().find_map(|name| headers.get(name)?.to_str().ok())
}

/// Whether an error's body may be shown at all. One with a NUL is no text: it is UTF-16, or made to carry a
/// secret past the redaction. One that holds a token is a success under the wrong status.
fn is_presentable(body: &[u8]) -> bool {
    let token = read_json::<DelegatedAccessTokenApiResult>(body).ok().and_then(|result| result.value);
    !body.contains(&0)
        && token.is_none_or(|value| value.access_token.is_none() && value.refresh_token.is_none())
}

impl ApiError {
    pub(super) fn redacted(self, redaction: &Redaction) -> Self {
        let line = |text: String| redaction.apply_to_line(&text);
        Self {
            code: self.code.map(line),
            message: self.message.map(|lines| lines.into_iter().take(MESSAGE_LINES).map(line).collect()),
            request_id: self.request_id.map(line),
            date: self.date.map(line),
        }
    }
}

fn safe_headers(headers: &HeaderMap, redaction: &Redaction) -> HeaderMap {
    let safe = [CONTENT_TYPE, CONTENT_LENGTH, DATE, RETRY_AFTER, SERVER, VIA, WWW_AUTHENTICATE];
    let mut kept = HeaderMap::new();
    for name in safe.into_iter().chain(REQUEST_IDS) {
        for value in headers.get_all(&name) {
            let shown = value.to_str().ok().map(|text| redaction.apply_to_line(text));
            if let Some(value) = shown.and_then(|text| HeaderValue::from_str(&text).ok()) {
                kept.append(name.clone(), value);
            }
        }
    }
    kept
}

const REQUEST_IDS: [HeaderName; 5] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-ms-request-id"),
    HeaderName::from_static("x-correlation-id"),
    HeaderName::from_static("traceparent"),
];

/// What is kept of an error's text, in bytes.
const TEXT_LIMIT: usize = 512;

/// How many lines of an error's message are kept.
const MESSAGE_LINES: usize = 16;

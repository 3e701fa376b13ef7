//! [`FailedAnswer`]: the parts of an answer that its error keeps, redacted.

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER, SERVER, VIA, WWW_AUTHENTICATE},
};
use zeroize::Zeroizing;

use super::{
    headers::is_encoded,
    redaction::{Redaction, TextKind},
    request_id,
    retry_after::RetryAfter,
};
use crate::{
    body::Body,
    model::{ApiError, Envelope, ErrorTexts, read_json},
    time::Now,
};

/// The parts of an answer that an error keeps, with every secret replaced.
#[derive(Clone, Default)]
pub(super) struct FailedAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) error: ApiError,
    pub(super) text: Option<String>,
    pub(super) retry_after: Option<RetryAfter>,
    pub(super) received: Option<Now>,
    /// Whether the answer may come from another server than the service.
    pub(super) is_foreign: bool,
    pub(super) has_unreadable_retry_after: bool,
}

impl FailedAnswer {
    pub(super) fn read(status: StatusCode, headers: &HeaderMap, body: &Body, redaction: &Redaction) -> Self {
        let retry_after = RetryAfter::read(headers);
        let mut answer = Self {
            status,
            headers: safe_headers(headers, redaction),
            retry_after: retry_after.retry_after,
            has_unreadable_retry_after: retry_after.has_unreadable,
            is_foreign: !is_of_the_service(headers, body),
            ..Self::default()
        };
        // The body of a 2xx may hold a token, and a compressed body is not readable: nothing of either is
        // kept.
        if !status.is_success() && !is_encoded(headers) && !body.is_empty() {
            let bytes = body.as_bytes();
            answer.error = redacted(read_json::<ErrorTexts>(bytes).unwrap_or_default(), redaction);
            answer.text = redaction.apply_to_body(bytes);
        }
        answer
    }

    /// The request id from the body, else from a header.
    pub(super) fn request_id(&self) -> Option<&str> {
        self.error.request_id.as_deref().or_else(|| request_id::find(&self.headers))
    }
}

/// Whether the body is one that the service sends with an error: none, an [`ApiError`] or an envelope. The page
/// of a firewall, a gateway or a login is not.
fn is_of_the_service(headers: &HeaderMap, body: &Body) -> bool {
    let json = body.as_bytes();
    if json.iter().all(u8::is_ascii_whitespace) {
        return true;
    }
    let is_error = || read_json::<ErrorTexts>(json).is_ok_and(|error| !error.is_empty());
    let is_envelope = || {
        read_json::<Envelope>(json)
            .is_ok_and(|envelope| envelope.is_success.is_some() || envelope.value.is_some())
    };
    !is_encoded(headers) && (is_error() || is_envelope())
}

/// Replaces every secret in `texts` and limits its length.
pub(super) fn redacted(texts: ErrorTexts, redaction: &Redaction) -> ApiError {
    let word = |text: Zeroizing<String>| redaction.apply_to_line(&text, TextKind::Identifier);
    let lines = |lines: Vec<Zeroizing<String>>| {
        let kept = lines.iter().take(MESSAGE_LINES);
        kept.map(|line| redaction.apply_to_line(line, TextKind::Prose)).collect()
    };
    ApiError {
        code: texts.code.map(word),
        message: texts.message.map(lines),
        request_id: texts.request_id.map(word),
        date: texts.date.map(word),
    }
}

fn safe_headers(headers: &HeaderMap, redaction: &Redaction) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in SAFE.into_iter().chain(request_id::HEADERS) {
        let kind = if name == WWW_AUTHENTICATE { TextKind::Prose } else { TextKind::Identifier };
        for value in headers.get_all(&name).iter().take(MESSAGE_LINES) {
            let shown = value.to_str().ok().map(|text| redaction.apply_to_line(text, kind));
            if let Some(value) = shown.and_then(|text| HeaderValue::from_str(&text).ok()) {
                kept.append(name.clone(), value);
            }
        }
    }
    kept
}

/// The headers that are kept, apart from those with a request id.
pub(super) const SAFE: [HeaderName; 7] =
    [CONTENT_TYPE, CONTENT_LENGTH, DATE, RETRY_AFTER, SERVER, VIA, WWW_AUTHENTICATE];

/// The most lines of an error's message, and values of one header, that are kept.
const MESSAGE_LINES: usize = 16;

//! Answers as HTTP: JSON in the contract that was asked for, dated by the emulator's clock.

use std::time::SystemTime;

use cg_auth_core::{
    body::Body,
    model::{ApiError, JsonContract},
};
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, DATE},
};
use serde::Serialize;

use crate::refusal::Refusal;

/// What every answer to one request has in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answering {
    pub(crate) contract: JsonContract,
    pub(crate) now: SystemTime,
}

impl Answering {
    /// In the contract that is `forced`, else in the one that `headers` ask for: camelCase, unless PascalCase
    /// is named.
    pub(crate) fn to(headers: &HeaderMap, forced: Option<JsonContract>, now: SystemTime) -> Self {
        let asked = headers.get("x-cloud-governance-jsoncontract");
        let pascal_case = asked.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"PascalCase"));
        let asked = if pascal_case { JsonContract::PascalCase } else { JsonContract::CamelCase };
        Self { contract: forced.unwrap_or(asked), now }
    }

    /// A 200 without a body.
    pub(crate) fn empty(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        // The clock keeps within what a date can tell, and a date is visible ASCII.
        if let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(self.now)) {
            headers.insert(DATE, date);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// A 200 with a JSON document.
    pub(crate) fn json(self, document: &impl Serialize) -> Response<Body> {
        let mut response = self.empty();
        match serde_json::to_vec(document) {
            Ok(bytes) => *response.body_mut() = bytes.into(),
            // Strings and numbers always serialise; should they not, that is the service's failure.
            Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
        }
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }

    /// The documented error body under the refusal's status.
    pub(crate) fn refusal(self, refusal: Refusal, request_id: String) -> Response<Body> {
        let mut error = ApiError::default();
        error.code = Some(refusal.code.to_owned());
        error.message = Some(vec![refusal.message.to_owned()]);
        error.request_id = Some(request_id);
        error.date = Some(humantime::format_rfc3339_seconds(self.now).to_string());

        let mut response = self.json(&error.wire(self.contract));
        *response.status_mut() = refusal.status;
        response.headers_mut().extend(refusal.header);
        response
    }
}

//! [`AnswerFormat`]: the service's answers as HTTP responses.

use std::time::SystemTime;

use cg_auth_core::{
    body::Body,
    model::{ApiError, JsonContract},
};
use http::{HeaderMap, Response, StatusCode};
use serde::Serialize;

use crate::{refusal::Refusal, response};

/// The JSON contract and the date of every answer to one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerFormat {
    pub(super) contract: JsonContract,
    pub(super) now: SystemTime,
}

impl AnswerFormat {
    /// The `forced` contract, else the one that `headers` ask for: camelCase unless they name PascalCase.
    pub(super) fn new(headers: &HeaderMap, forced: Option<JsonContract>, now: SystemTime) -> Self {
        let asked = headers.get("x-cloud-governance-jsoncontract");
        let pascal_case = asked.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"PascalCase"));
        let asked = if pascal_case { JsonContract::PascalCase } else { JsonContract::CamelCase };
        Self { contract: forced.unwrap_or(asked), now }
    }

    /// A 200 without a body.
    pub(super) fn empty(self) -> Response<Body> {
        self.dated(response::empty(StatusCode::OK))
    }

    /// A 200 with a JSON body.
    pub(super) fn json(self, document: &impl Serialize) -> Response<Body> {
        self.dated(response::json(StatusCode::OK, document))
    }

    /// The refusal's status with the documented error body.
    pub(super) fn refusal(self, refusal: Refusal, request_id: String) -> Response<Body> {
        let mut error = ApiError::default();
        error.code = Some(refusal.code.to_owned());
        error.message = Some(vec![refusal.message.to_owned()]);
        error.request_id = Some(request_id);
        error.date = Some(humantime::format_rfc3339_seconds(self.now).to_string());

        let mut response = self.dated(response::json(refusal.status, &error.wire(self.contract)));
        response.headers_mut().extend(refusal.header);
        response
    }

    fn dated(self, mut response: Response<Body>) -> Response<Body> {
        response::add_date(response.headers_mut(), self.now);
        response
    }
}

//! The common parts of responses: a JSON body, its content type and a `Date` header.

use std::time::SystemTime;

use cg_auth_core::body::Body;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, DATE},
};
use serde::Serialize;

/// A response without a body, which no cache may store.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A response with a text of this type, which no cache may store.
pub(crate) fn text(text: String, content_type: HeaderValue) -> Response<Body> {
    let mut response = empty(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    *response.body_mut() = text.into();
    response
}

/// A response with a JSON body, which no cache may store.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> Response<Body> {
    let mut response = empty(status);
    match serde_json::to_vec(document) {
        Ok(bytes) => *response.body_mut() = bytes.into(),
        // Serialising strings, numbers and lists cannot fail. If it did, the emulator would be at fault,
        // hence 500.
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    declare_json(response.headers_mut());
    response
}

/// Sets the content type of a JSON body.
pub(crate) fn declare_json(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
}

/// Adds a `Date` header if it is missing.
pub(crate) fn add_date(headers: &mut HeaderMap, now: SystemTime) {
    if let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(now)) {
        headers.entry(DATE).or_insert(date);
    }
}

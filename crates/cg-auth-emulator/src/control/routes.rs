//! What lies under `/_emulator/`: the emulator itself, for programs that are not written in Rust.

mod access;
mod clock;
mod error;
mod requests;
mod scripts;

use cg_auth_core::body::Body;
use http::{HeaderValue, Method, Response, StatusCode, header, request};
use serde::Serialize;
use serde_json::json;

use self::error::ControlError;
use crate::{refusal::Refusal, state::State};

/// Whether a request to `path` is for the emulator rather than for the service that it plays.
pub(crate) fn is_meant(path: &str) -> bool {
    path == "/_emulator" || path.starts_with("/_emulator/")
}

/// Answers a request to the emulator. `is_local` says whether the peer is on this machine.
pub(crate) fn answer(
    state: &State,
    is_local: bool,
    head: &request::Parts,
    body: Result<Body, Refusal>,
) -> Response<Body> {
    let answered =
        access::check(is_local, head).and_then(|()| perform(state, head, &body.map_err(ControlError::from)?));
    answered.unwrap_or_else(|error| {
        let mut response = json(error.status, &json!({ "error": &error }));
        if let Some(allowed) = error.allowed {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
        response
    })
}

fn perform(state: &State, head: &request::Parts, body: &Body) -> Result<Response<Body>, ControlError> {
    let path = head.uri.path().strip_prefix("/_emulator/").unwrap_or_default();
    match (path, head.method.as_str()) {
        ("health", "GET") => Ok(json(StatusCode::OK, &health(state))),
        ("health", _) => Err(ControlError::method_not_allowed("GET")),
        ("reset", "POST") => {
            state.reset();
            Ok(empty())
        }
        ("reset", _) => Err(ControlError::method_not_allowed("POST")),
        ("clock", "GET") => Ok(json(StatusCode::OK, &clock::show(&state.clock))),
        ("clock", "POST") => Ok(json(StatusCode::OK, &clock::advance(&state.clock, body)?)),
        ("clock", _) => Err(ControlError::method_not_allowed("GET, POST")),
        ("requests", "GET") => Ok(json(StatusCode::OK, &requests::show(&state.log))),
        ("requests", "DELETE") => {
            state.log.clear();
            Ok(empty())
        }
        ("requests", _) => Err(ControlError::method_not_allowed("GET, DELETE")),
        ("scripts", "GET") => Ok(json(StatusCode::OK, &scripts::list(&state.scripts))),
        ("scripts", "POST") => Ok(json(StatusCode::CREATED, &scripts::add(&state.scripts, body)?)),
        ("scripts", "DELETE") => {
            state.scripts.clear();
            Ok(empty())
        }
        ("scripts", _) => Err(ControlError::method_not_allowed("GET, POST, DELETE")),
        _ => match path.strip_prefix("scripts/").and_then(|id| id.parse().ok()) {
            Some(_) if head.method != Method::DELETE => Err(ControlError::method_not_allowed("DELETE")),
            Some(id) if state.scripts.remove(id) => Ok(empty()),
            _ => Err(ControlError::NOT_FOUND),
        },
    }
}

fn health(state: &State) -> serde_json::Value {
    json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION"), "now": clock::show(&state.clock).now })
}

fn json(status: StatusCode, document: &impl Serialize) -> Response<Body> {
    let mut response = empty();
    *response.status_mut() = status;
    match serde_json::to_vec(document) {
        Ok(bytes) => *response.body_mut() = bytes.into(),
        // Strings, numbers and lists always serialise; should they not, that is the emulator's failure.
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn empty() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;

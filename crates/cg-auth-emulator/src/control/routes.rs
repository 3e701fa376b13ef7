//! The routes of the control API: which path and method does what.

use cg_auth_core::body::Body;
use http::{HeaderValue, Method, Response, StatusCode, header, request};
use serde_json::json;

use super::{access, clock, error::ControlError, requests, scripts};
use crate::{
    refusal::Refusal,
    response::{empty, json},
    state::State,
};

/// Whether a path belongs to the control API, not to the emulated service.
pub(crate) fn is_control_path(path: &str) -> bool {
    path == "/_emulator" || path.starts_with("/_emulator/")
}

/// Answers a request to the control API. `is_local` says whether the peer is on this machine.
pub(crate) fn answer(
    state: &State,
    is_local: bool,
    head: &request::Parts,
    body: Result<Body, Refusal>,
) -> Response<Body> {
    let answered =
        access::check(is_local, head).and_then(|()| route(state, head, &body.map_err(ControlError::from)?));
    answered.unwrap_or_else(|error| {
        let mut response = json(error.status, &json!({ "error": &error }));
        if let Some(allowed) = error.allowed {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
        response
    })
}

fn route(state: &State, head: &request::Parts, body: &Body) -> Result<Response<Body>, ControlError> {
    let path = head.uri.path().strip_prefix("/_emulator/").unwrap_or_default();
    match (path, head.method.as_str()) {
        ("health", "GET") => Ok(json(StatusCode::OK, &health(state))),
        ("health", _) => Err(ControlError::method_not_allowed("GET")),
        ("reset", "POST") => {
            state.reset();
            Ok(no_content())
        }
        ("reset", _) => Err(ControlError::method_not_allowed("POST")),
        ("clock", "GET") => Ok(json(StatusCode::OK, &clock::show(&state.clock))),
        ("clock", "POST") => Ok(json(StatusCode::OK, &clock::advance(&state.clock, body)?)),
        ("clock", _) => Err(ControlError::method_not_allowed("GET, POST")),
        ("requests", "GET") => Ok(json(StatusCode::OK, &requests::list(&state.log))),
        ("requests", "DELETE") => {
            state.log.clear();
            Ok(no_content())
        }
        ("requests", _) => Err(ControlError::method_not_allowed("GET, DELETE")),
        ("faults", "GET") => Ok(json(StatusCode::OK, &scripts::faults())),
        ("faults", _) => Err(ControlError::method_not_allowed("GET")),
        ("scripts", "GET") => Ok(json(StatusCode::OK, &scripts::list(&state.scripts))),
        ("scripts", "POST") => Ok(json(StatusCode::CREATED, &scripts::add(&state.scripts, body)?)),
        ("scripts", "DELETE") => {
            state.scripts.clear();
            Ok(no_content())
        }
        ("scripts", _) => Err(ControlError::method_not_allowed("GET, POST, DELETE")),
        _ => match path.strip_prefix("scripts/").and_then(|id| id.parse().ok()) {
            Some(_) if head.method != Method::DELETE => Err(ControlError::method_not_allowed("DELETE")),
            Some(id) if state.scripts.remove(id) => Ok(no_content()),
            _ => Err(ControlError::NOT_FOUND),
        },
    }
}

fn health(state: &State) -> serde_json::Value {
    json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION"), "now": clock::show(&state.clock).now })
}

fn no_content() -> Response<Body> {
    empty(StatusCode::NO_CONTENT)
}

//! The dispatch of the control API: finds the route of a request and answers.

use cg_auth_core::body::Body;
use http::{HeaderValue, Method, Response, StatusCode, header, request};
use serde_json::json;

use super::{
    access,
    error::ControlError,
    query::{self, percent_decoded},
    route::{Call, Reply},
    table::ROUTES,
};
use crate::{input::Members, refusal::Refusal, response, state::State};

/// Whether a path belongs to the control API, not to the emulated service.
pub(crate) fn is_control_path(path: &str) -> bool {
    path == "/_emulator" || path.starts_with("/_emulator/")
}

/// Answers a request to the control API. `is_local` says whether the peer is on this machine.
pub(crate) async fn answer(
    state: &State,
    is_local: bool,
    head: &request::Parts,
    body: Result<Body, Refusal>,
) -> Response<Body> {
    let reply = access::check(state.front.control_token.as_ref(), is_local, head)
        .and_then(|()| body.map_err(ControlError::from))
        .and_then(|body| dispatch(state, head, &body));
    let answered = match reply {
        Ok(Reply::Now(response)) => Ok(response),
        Ok(Reply::After(count, answer)) => {
            let filter = count.filter.clone();
            let waited = count.wait_inside(&state.log).await;
            waited.map(|()| answer(state, &filter)).map_err(ControlError::from)
        }
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| {
        let is_unauthorized = error.status == StatusCode::UNAUTHORIZED;
        let mut response = response::json(error.status, &json!({ "error": &error }));
        if let Some(allowed) = error.allowed.and_then(|allowed| HeaderValue::try_from(allowed).ok()) {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        if is_unauthorized {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    })
}

fn dispatch(state: &State, head: &request::Parts, body: &Body) -> Result<Reply, ControlError> {
    let path = head.uri.path();
    let path = if path == "/_emulator" { "/_emulator/" } else { path };
    // An answer to HEAD is the answer to GET. The HTTP library leaves the body out.
    let method = if head.method == Method::HEAD { "GET" } else { head.method.as_str() };
    let mut allowed = Vec::new();
    for route in ROUTES {
        let Some(segment) = route.segment(path) else { continue };
        if route.method == method {
            let segment = percent_decoded(segment).ok_or(ControlError::NOT_FOUND)?;
            let query = query::read(head.uri.query(), route.query)?;
            if route.request.is_none() {
                refuse_members(body)?;
            }
            return (route.handler)(&mut Call { state, routes: ROUTES, segment, query, body });
        }
        allowed.push(route.method);
        if route.method == "GET" {
            allowed.push("HEAD");
        }
    }
    if allowed.is_empty() {
        Err(ControlError::NOT_FOUND)
    } else {
        Err(ControlError::method_not_allowed(allowed.join(", ")))
    }
}

/// Refuses a body that its route would leave unread. Some clients send an empty object where there is no body.
fn refuse_members(body: &Body) -> Result<(), ControlError> {
    let body = body.as_bytes();
    if body.is_empty() { Ok(()) } else { Ok(Members::parse(body)?.done()?) }
}

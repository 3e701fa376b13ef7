//! [`Route`]: one path and method of the control API, and [`Call`]: a request to it.

use cg_auth_core::body::Body;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::error::ControlError;
use crate::{
    input::Members,
    request_log::{RequestCount, RequestFilter},
    response,
    state::State,
};

/// A path and method of the control API. A GET route answers HEAD too.
pub(super) struct Route {
    pub(super) method: &'static str,
    /// The path, in which `{name}` stands for one segment.
    pub(super) path: &'static str,
    /// The parameters that the query may have.
    pub(super) query: &'static [&'static str],
    pub(super) summary: &'static str,
    /// A sample body and the schema of the body; `None` if the route reads none.
    pub(super) request: Option<(&'static str, Schema)>,
    pub(super) answer: Answer,
    /// The statuses of errors that only this route and some others answer.
    pub(super) errors: &'static [u16],
    pub(super) handler: fn(&mut Call<'_>) -> Result<Reply, ControlError>,
}

/// Makes a JSON schema.
pub(super) type Schema = fn() -> Value;

/// What a route answers when it succeeds.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// 204 without a body.
    Empty,
    /// JSON of this schema.
    Json(u16, Schema),
    /// 200 with a text.
    Text,
}

impl Answer {
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::Empty => 204,
            Self::Json(status, _) => status,
            Self::Text => 200,
        }
    }
}

/// A request to a route.
pub(super) struct Call<'a> {
    pub(super) state: &'a State,
    /// Every route, for the index.
    pub(super) routes: &'static [Route],
    /// The segment that stands for `{name}` in the path, decoded.
    pub(super) segment: String,
    pub(super) query: Members,
    pub(super) body: &'a Body,
}

/// What a handler answers: now, or once enough requests have arrived.
pub(super) enum Reply {
    Now(Response<Body>),
    After(RequestCount, fn(&State, &RequestFilter) -> Response<Body>),
}

impl Reply {
    pub(super) fn ok(document: &impl Serialize) -> Result<Self, ControlError> {
        Ok(Self::Now(response::json(StatusCode::OK, document)))
    }

    pub(super) fn created(document: &impl Serialize) -> Result<Self, ControlError> {
        Ok(Self::Now(response::json(StatusCode::CREATED, document)))
    }

    pub(super) fn no_content() -> Result<Self, ControlError> {
        Ok(Self::Now(response::empty(StatusCode::NO_CONTENT)))
    }
}

impl Route {
    /// The segment of `path` that stands for `{name}`, or an empty one; `None` if the path is another.
    pub(super) fn segment<'a>(&self, path: &'a str) -> Option<&'a str> {
        let Some((before, after)) = self.path.split_once('{') else {
            return (path == self.path).then_some("");
        };
        let rest = after.split_once('}').map_or("", |(_, rest)| rest);
        let segment = path.strip_prefix(before)?.strip_suffix(rest)?;
        (!segment.is_empty() && !segment.contains('/')).then_some(segment)
    }
}

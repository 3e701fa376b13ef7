//! One exchange: the emulator reads and records a request, then a script or the service answers it.

use std::sync::Arc;

use bytes::Bytes;
use cg_auth_core::{
    body::{Body, BodyCollector},
    time::Now,
};
use http::{Method, Request, Response, StatusCode, Version, request};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::time::{sleep, timeout};

use super::{
    connection::{Connection, PEER_TIMEOUT},
    sending::SendingBody,
};
use crate::{
    control,
    digest::Issued,
    refusal::Refusal,
    request_log::{Origin, PendingRequest, RecordedRequest},
    response,
    scripts::Ending,
    state::State,
};

/// The error that makes hyper close the connection when a script drops it.
#[derive(Debug, thiserror::Error)]
#[error("a script dropped the connection")]
pub(super) struct ConnectionDropped;

pub(super) async fn exchange(
    state: State,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<SendingBody>, ConnectionDropped> {
    let active = connection.begin_request();
    let since = Now::system();
    let (mut head, incoming) = request.into_parts();
    let is_http2_head = head.method == Method::HEAD && head.version == Version::HTTP_2;
    let body = timeout(PEER_TIMEOUT, collect(incoming)).await.unwrap_or(Err(Refusal::REQUEST_TIMEOUT));
    let answer = if control::is_control_path(head.uri.path()) {
        control::answer(&state, connection.is_local, &head, body).await
    } else if let Some(answer) = state.front.preflight(&head) {
        answer
    } else {
        let inside = state.front.inside(&head.uri);
        let outside = std::mem::replace(&mut head.uri, inside);
        let origin = Origin { connection: connection.number, alpn: connection.alpn.as_deref() };
        let bytes = body.as_ref().map_or(&[][..], Body::as_bytes);
        let request =
            RecordedRequest::new(&head, origin, state.clock.now().wall(), state.front.header_values)
                .at(outside.path())
                .showing(state.service.shown(&head.headers, bytes), bytes.len());
        let mut pending = PendingRequest::begin(Arc::clone(&state.log), request, since);
        let Some(mut answer) = answer(&state, &mut pending, head, body).await else {
            connection.abort.notify_one();
            return Err(ConnectionDropped);
        };
        if let Some(issued) = answer.extensions().get::<Issued>() {
            pending.issued(issued);
        }
        state.front.allow_pages(answer.headers_mut());
        pending.answered(answer.status());
        answer
    };
    // 204, 304 and answers to HEAD must not have a body. Hyper omits it in HTTP/1.1, but would send it in
    // HTTP/2.
    let has_body =
        !is_http2_head && !matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    Ok(answer.map(|body| SendingBody::new(if has_body { body.into_bytes() } else { Bytes::new() }, active)))
}

/// The answer of the first matching script, else of the service; `None` when a script drops the connection.
async fn answer(
    state: &State,
    pending: &mut PendingRequest,
    head: request::Parts,
    body: Result<Body, Refusal>,
) -> Option<Response<Body>> {
    let ending = if let Some(behaviour) = state.scripts.follow(pending.operation()) {
        pending.scripted();
        sleep(behaviour.delay).await;
        behaviour.ending
    } else {
        Ending::Passthrough
    };
    match ending {
        Ending::Passthrough => Some(match body {
            Ok(body) => state.service.answer(&Request::from_parts(head, body)),
            Err(refusal) => state.service.refuse(&head.headers, refusal),
        }),
        Ending::Answer(mut response) => {
            response::add_date(response.headers_mut(), state.clock.now().wall());
            Some(response)
        }
        Ending::Refuse(refusal) => Some(state.service.refuse(&head.headers, refusal)),
        Ending::DropConnection => None,
    }
}

/// Reads a body of at most [`BODY_LIMIT`]. Part of a longer body is read and discarded, because a peer that
/// is still writing when the connection closes may never read the answer.
async fn collect(mut incoming: Incoming) -> Result<Body, Refusal> {
    let mut body = BodyCollector::new(BODY_LIMIT);
    let mut fits = body.expect(incoming.size_hint().lower()).is_ok();
    let mut read = 0;
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| Refusal::BROKEN_BODY)?;
        let data = frame.data_ref().map_or(&[][..], |data| data);
        read += data.len();
        fits = fits && body.push(data).is_ok();
        if read > 16 * BODY_LIMIT {
            break;
        }
    }
    if fits { Ok(body.finish()) } else { Err(Refusal::TOO_LARGE) }
}

/// The size limit of a request body: ten times the size that a credential needs.
pub(super) const BODY_LIMIT: usize = 64 * 1024;

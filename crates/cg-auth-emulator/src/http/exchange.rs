//! One exchange: a request is read, recorded, and answered by a script or in truth.

use std::sync::Arc;

use bytes::Bytes;
use cg_auth_core::{
    body::{Body, BodyCollector},
    time::Now,
};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header::DATE, request};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::time::{sleep, timeout};

use crate::{
    connection::{Connection, PATIENCE},
    control,
    recorded_request::{Origin, RecordedRequest},
    refusal::Refusal,
    request_log::Pending,
    scripts::Ending,
    sending::Sending,
    state::State,
};

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a script dropped the connection")]
pub(crate) struct Dropped;

pub(crate) async fn exchange(
    state: State,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<Sending>, Dropped> {
    let busy = connection.busy();
    let since = Now::system();
    let (head, incoming) = request.into_parts();
    let is_head_of_http2 = head.method == Method::HEAD && head.version == Version::HTTP_2;
    let body = timeout(PATIENCE, collect(incoming)).await.unwrap_or(Err(Refusal::REQUEST_TIMEOUT));
    let answer = if control::is_meant(head.uri.path()) {
        control::answer(&state, connection.is_local, &head, body)
    } else {
        let origin = Origin { connection: connection.number, alpn: connection.alpn.as_deref() };
        let request = RecordedRequest::new(&head, origin, state.clock.now().wall());
        let mut pending = state.log.begin(request, since);
        let Some(answer) = perform(&state, &mut pending, head, body).await else {
            connection.cut.notify_one();
            return Err(Dropped);
        };
        pending.answered(answer.status());
        answer
    };
    // What has no body in HTTP must not be given one: HTTP/2 would send it, where HTTP/1.1 knows better.
    let has_body =
        !is_head_of_http2 && !matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    Ok(answer.map(|body| Sending::new(if has_body { body.into_bytes() } else { Bytes::new() }, busy)))
}

/// What the request is answered with, if it is.
async fn perform(
    state: &State,
    pending: &mut Pending,
    head: request::Parts,
    body: Result<Body, Refusal>,
) -> Option<Response<Body>> {
    let performance = state.scripts.follow(pending.operation());
    let ending = if let Some(performance) = performance {
        pending.scripted();
        sleep(performance.delay).await;
        performance.ending
    } else {
        Ending::Truth
    };
    match ending {
        Ending::Truth => Some(match body {
            Ok(body) => state.service.answer(&Request::from_parts(head, body)),
            Err(refusal) => state.service.refuse(&head.headers, refusal),
        }),
        Ending::Answer(mut response) => {
            let date = httpdate::fmt_http_date(state.clock.now().wall());
            if let Ok(date) = HeaderValue::try_from(date) {
                response.headers_mut().entry(DATE).or_insert(date);
            }
            Some(response)
        }
        Ending::Refuse(refusal) => Some(state.service.refuse(&head.headers, refusal)),
        Ending::DropConnection => None,
    }
}

/// The body within [`BODY_LIMIT`]. Some of what is beyond is read and dropped, since a peer that is still
/// writing when the connection closes may never see the answer.
async fn collect(mut incoming: Incoming) -> Result<Body, Refusal> {
    let mut body = BodyCollector::new(BODY_LIMIT);
    let mut fits = body.expect(incoming.size_hint().lower()).is_ok();
    let mut read = 0;
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| Refusal::BROKEN_BODY)?;
        let piece = frame.data_ref().map_or(&[][..], |data| data);
        read += piece.len();
        fits = fits && body.push(piece).is_ok();
        if read > 16 * BODY_LIMIT {
            break;
        }
    }
    if fits { Ok(body.finish()) } else { Err(Refusal::TOO_LARGE) }
}

/// Ten times more than any credential needs.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

//! One exchange: the emulator reads and records a request, then a script or the service answers it.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use cg_auth_core::{
    body::{Body, BodyCollector},
    model::{DelegatedAccessTokenApiResult, JsonContract},
};
use h2::Reason;
use http::{Method, Request, Response, StatusCode, Version, request};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::time::{sleep, timeout};

use super::{
    connection::{Connection, PEER_TIMEOUT},
    disturbance::Disturbance,
    sending::SendingBody,
    wire_format::WireFormat,
};
use crate::{
    control,
    digest::Issued,
    refusal::Refusal,
    request_log::{PendingRequest, RecordedRequest, Stopwatch},
    response,
    scripts::{Asked, Behaviour, Ending, Fault, When},
    state::State,
};

/// The error that makes hyper leave an answer to a script. Over HTTP/2 its source leads to the stream.
#[derive(Debug, thiserror::Error)]
#[error("a script disturbs the answer")]
pub(super) struct Disturbed {
    #[source]
    marker: Option<h2::Error>,
}

pub(super) async fn exchange(
    state: State,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<SendingBody>, Disturbed> {
    let active = connection.begin_request();
    let stopwatch = Stopwatch::start(&state.clock);
    let (mut head, incoming) = request.into_parts();
    let (is_head, is_http2) = (head.method == Method::HEAD, head.version == Version::HTTP_2);
    let body = timeout(PEER_TIMEOUT, collect(incoming)).await.unwrap_or(Err(Refusal::REQUEST_TIMEOUT));
    let answer = if control::is_control_path(head.uri.path()) {
        control::answer(&state, connection.is_local, &head, body).await
    } else if let Some(answer) = state.front.preflight(&head) {
        answer
    } else {
        let inside = state.front.inside(&head.uri);
        let outside = std::mem::replace(&mut head.uri, inside);
        let bytes = body.as_ref().map_or(&[][..], Body::as_bytes);
        let request = RecordedRequest::new(
            &head,
            connection.alpn.as_deref(),
            state.clock.now().wall(),
            state.front.header_values,
        )
        .at(outside.path())
        .showing(state.service.shown(&head.headers, bytes), bytes.len());
        let mut pending =
            PendingRequest::begin(Arc::clone(&state.log), request, &connection.number, stopwatch);
        let (mut answer, fault) = answer(&state, &mut pending, head, body).await;
        state.front.allow_pages(answer.headers_mut());
        if fault.as_ref().is_none_or(Fault::sends_status) {
            pending.answered(answer.status());
        } else {
            drop(pending);
        }
        if let Some(fault) = fault {
            return Err(disturb(&connection, fault, without_body(answer, is_head), is_http2));
        }
        answer
    };
    // Hyper omits the body of an answer to HEAD in HTTP/1.1, and needs it to announce its length.
    let answer = without_body(answer, is_head && is_http2);
    Ok(answer.map(|body| SendingBody::new(body, active)))
}

/// The answer as bytes. 204, 304 and answers to HEAD must not have a body.
fn without_body(answer: Response<Body>, is_head: bool) -> Response<Bytes> {
    let is_empty = is_head || matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    answer.map(|body| if is_empty { Bytes::new() } else { body.into_bytes() })
}

/// Hands the answer to the connection, which writes it with its fault.
fn disturb(connection: &Connection, fault: Fault, answer: Response<Bytes>, is_http2: bool) -> Disturbed {
    let disturbance = Disturbance { fault, answer };
    if is_http2 {
        let marker = connection.mark(disturbance);
        return Disturbed { marker: Some(Reason::from(marker).into()) };
    }
    connection.take_over(disturbance.plan(WireFormat::Http1));
    Disturbed { marker: None }
}

/// The answer of the first matching script, else of the service, and the fault that disturbs it.
async fn answer(
    state: &State,
    pending: &mut PendingRequest,
    head: request::Parts,
    body: Result<Body, Refusal>,
) -> (Response<Body>, Option<Fault>) {
    let bytes = body.as_ref().map_or(&[][..], Body::as_bytes);
    let asked = Asked { operation: pending.operation(), headers: &head.headers, body: bytes };
    let script = state.scripts.follow(asked);
    let headers = head.headers.clone();
    let serve = |pending: &mut PendingRequest| match body {
        Ok(body) => {
            let answer = state.service.answer(&Request::from_parts(head, body));
            // What the service has issued counts even if the answer is lost.
            if let Some(issued) = answer.extensions().get::<Issued>() {
                pending.issued(issued);
            }
            answer
        }
        Err(refusal) => state.service.refuse(&headers, refusal),
    };
    let Some(Behaviour { when, delay, ending, retry_after, fault }) = script else {
        return (serve(pending), None);
    };
    pending.scripted();
    let mut serve = Some(serve);
    let served = if when == When::After { serve.take().map(|serve| serve(pending)) } else { None };
    sleep(delay).await;
    let now = state.clock.now().wall();
    let mut scripted = match ending {
        Ending::Answer(mut response) => {
            response::add_date(response.headers_mut(), now);
            response
        }
        Ending::Refuse(refusal) => state.service.refuse(&headers, refusal),
        Ending::Passthrough => {
            let served = match (served, fault.is_some()) {
                (None, true) => Some(stand_in(now)),
                (served, _) => served,
            };
            let answer = served.or_else(|| serve.take().map(|serve| serve(pending)));
            return (answer.unwrap_or_else(|| stand_in(now)), fault);
        }
    };
    if let Some(retry_after) = retry_after {
        retry_after.set(scripted.headers_mut(), now);
    }
    (scripted, fault)
}

/// The answer that a fault disturbs if the service has not acted.
fn stand_in(now: SystemTime) -> Response<Body> {
    let result = DelegatedAccessTokenApiResult::refusal("A script of the emulator disturbs this answer.");
    let mut response = response::json(StatusCode::OK, &result.wire(JsonContract::CamelCase));
    response::add_date(response.headers_mut(), now);
    response
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

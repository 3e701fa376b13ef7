//! Reads an answer, and changes it as a defect does.

use bytes::Bytes;
use cg_auth_core::{
    body::{Body, BodyCollector},
    transport::TransportError,
};
use cg_auth_transport_util::failure::reading;
use http::{
    HeaderMap, Response, StatusCode, Version,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, SET_COOKIE},
};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use crate::defect::Defect;

/// Reads the body of `answer` to its end, within `limit`.
pub(crate) async fn collect(
    defect: Option<Defect>,
    answer: Response<Incoming>,
    limit: usize,
) -> Result<Response<Body>, TransportError> {
    let has = |wanted| defect == Some(wanted);
    let (mut parts, mut body) = answer.into_parts();
    let mut collected = BodyCollector::new(match defect {
        Some(Defect::BoundsABodyTooLate) => limit + MUCH,
        Some(Defect::LimitIsOneByteShort) => limit.saturating_sub(1),
        _ => limit,
    });
    if !has(Defect::IgnoresTheAnnouncedLength) {
        BodyCollector::new(limit).expect(body.size_hint().lower())?;
    }
    let mut is_whole = false;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => collected.push(frame.data_ref().map_or(&[], |piece| piece))?,
            Err(_) if has(Defect::TakesACutBodyForWhole) => {
                is_whole = true;
                break;
            }
            Err(error) if has(Defect::ErrorsQuoteTheAnswer) => {
                let text = String::from_utf8_lossy(collected.finish().as_bytes()).into_owned();
                return Err(reading(error).with_message(text));
            }
            Err(error) => return Err(reading(error)),
        }
        if has(Defect::ReadsOnlyTheFirstPiece) {
            is_whole = true;
            break;
        }
    }
    let is_reset = parts.version == Version::HTTP_2 && !body.is_end_stream();
    let mut body = collected.finish();
    if !is_whole && is_reset && !has(Defect::TakesAResetStreamForWhole) {
        return Err(TransportError::closed("the stream was reset"));
    }
    alter_headers(defect, &mut parts.headers);
    match defect {
        Some(Defect::DecodesTheBody) if parts.headers.remove(CONTENT_ENCODING).is_some() => {
            body = Body::from("decoded");
        }
        Some(Defect::TrimsTheBody) => body = Body::from(Bytes::copy_from_slice(body.as_bytes().trim_ascii())),
        Some(Defect::MakesTextOfTheBody) => {
            body = Body::from(String::from_utf8_lossy(body.as_bytes()).into_owned());
        }
        Some(Defect::FailsWithoutABody) if is_bodiless(parts.status) => {
            return Err(TransportError::malformed("the answer has no body"));
        }
        Some(Defect::StatusIsAnError) if parts.status >= StatusCode::BAD_REQUEST => {
            return Err(TransportError::closed(format!("the status is {}", parts.status)));
        }
        Some(Defect::SwallowsTheStatus) => parts.status = StatusCode::OK,
        _ => {}
    }
    Ok(Response::from_parts(parts, body))
}

fn is_bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn alter_headers(defect: Option<Defect>, headers: &mut HeaderMap) {
    match defect {
        Some(Defect::DropsAnAnswersHeader) => {
            let known = [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, DATE, LOCATION, SET_COOKIE];
            *headers = known
                .into_iter()
                .flat_map(|name| {
                    headers.get_all(&name).iter().map(move |value| (name.clone(), value.clone()))
                })
                .collect();
        }
        Some(Defect::DropsAnAnswersSecondValue) => {
            *headers = headers.keys().map(|name| (name.clone(), headers[name].clone())).collect();
        }
        _ => {}
    }
}

/// More than the sockets of a connection buffer.
const MUCH: usize = 80 * 1024 * 1024;

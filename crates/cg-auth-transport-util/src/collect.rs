//! [`collect`]: an answer, whole and within its limit.

use std::error::Error;

use bytes::Bytes;
use cg_auth_core::{
    body::{Body, BodyCollector},
    transport::TransportError,
};
use http::Response;
use http_body_util::BodyExt;

/// Reads the body of an answer to its end; `classify` says what a failure of it means.
///
/// # Errors
/// [`TransportError`]: too large beyond `limit` bytes, closed where the body was cut off, else what `classify` says.
pub async fn collect<B>(
    answer: Response<B>,
    limit: usize,
    classify: impl Fn(B::Error) -> TransportError,
) -> Result<Response<Body>, TransportError>
where
    B: hyper::body::Body<Data = Bytes, Error: Error> + Unpin,
{
    let (parts, mut body) = answer.into_parts();
    let mut collected = BodyCollector::new(limit);
    let announced = body.size_hint().lower();
    collected.expect(announced)?;
    while let Some(frame) = body.frame().await {
        if let Some(piece) = frame.map_err(&classify)?.data_ref() {
            collected.push(piece)?;
        }
    }
    let body = collected.finish();
    // hyper takes an HTTP/2 stream that was reset without an error for one that has ended.
    if (body.len() as u64) < announced {
        return Err(TransportError::closed("the body ended before its announced length"));
    }
    Ok(Response::from_parts(parts, body))
}

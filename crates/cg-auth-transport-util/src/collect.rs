//! [`collect`]: reads a response whole, within its size limit.

use std::error::Error;

use bytes::Bytes;
use cg_auth_core::{
    body::{Body, BodyCollector},
    transport::TransportError,
};
use http::Response;
use http_body_util::BodyExt;

/// Reads the body of a response to its end. `classify` turns an error of the body into a [`TransportError`].
///
/// # Errors
/// [`TransportError`] of the too-large kind beyond `limit` bytes, of the closed kind when the body was cut
/// off, else the result of `classify`.
pub async fn collect<B>(
    response: Response<B>,
    limit: usize,
    classify: impl Fn(B::Error) -> TransportError,
) -> Result<Response<Body>, TransportError>
where
    B: hyper::body::Body<Data = Bytes, Error: Error> + Unpin,
{
    let (parts, mut body) = response.into_parts();
    let mut collected = BodyCollector::new(limit);
    let announced = body.size_hint().lower();
    collected.expect(announced)?;
    while let Some(frame) = body.frame().await {
        if let Some(piece) = frame.map_err(&classify)?.data_ref() {
            collected.push(piece)?;
        }
    }
    let body = collected.finish();
    // hyper reports an HTTP/2 stream that was reset without an error as one that has ended.
    if (body.len() as u64) < announced {
        return Err(TransportError::closed("the body ended before its announced length"));
    }
    Ok(Response::from_parts(parts, body))
}

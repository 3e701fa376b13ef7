//! [`collect`]: reads a response whole, within its size limit.

use std::error::Error;

use bytes::Bytes;
use cg_auth_core::{
    body::{Body, BodyCollector},
    transport::TransportError,
};
use http::{Response, Version};
use http_body_util::BodyExt;

/// Reads the body of a response to its end. `classify` turns an error of the body into a [`TransportError`].
///
/// hyper reports an HTTP/2 stream that was reset without an error as one that has ended. Where the body
/// `knows_its_end`, which hyper's own does and a wrapper may not, only a stream that the server ended counts.
///
/// # Errors
/// [`TransportError`] of the too-large kind beyond `limit` bytes, of the closed kind when the body was cut
/// off, else the result of `classify`.
pub async fn collect<B>(
    response: Response<B>,
    limit: usize,
    knows_its_end: bool,
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
    let is_reset = knows_its_end && parts.version == Version::HTTP_2 && !body.is_end_stream();
    let body = collected.finish();
    if is_reset {
        return Err(TransportError::closed("the server reset the HTTP/2 stream before it ended the body"));
    }
    if (body.len() as u64) < announced {
        return Err(TransportError::closed("the body ended before its announced length"));
    }
    Ok(Response::from_parts(parts, body))
}

//! [`SendingBody`]: the body of an answer.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::connection::ActiveRequest;

/// The body of an answer. The request stays in flight until the peer has accepted the whole body.
#[derive(Debug)]
pub(super) struct SendingBody {
    rest: Bytes,
    request: ActiveRequest,
}

impl SendingBody {
    pub(super) fn new(body: Bytes, request: ActiveRequest) -> Self {
        Self { rest: body, request: request.into_sending() }
    }
}

impl Body for SendingBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.request.made_progress();
        // The last byte is a separate frame. HTTP/2 sends that frame only when the peer's window has room for
        // all earlier ones, and until then this body keeps `request` in flight.
        let left = self.rest.len();
        let frame_len = if left > 1 { FRAME_LIMIT.min(left - 1) } else { left };
        let frame = self.rest.split_to(frame_len);
        Poll::Ready((!frame.is_empty()).then(|| Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// How many bytes the HTTP library receives at once: as many as fit into one HTTP/2 frame.
const FRAME_LIMIT: usize = 16 * 1024;

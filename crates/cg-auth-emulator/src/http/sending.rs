//! [`SendingBody`], the body of an answer, and [`WatchedStream`], the stream that carries it.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::{ActiveRequest, Connection};

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

/// A connection's stream. It reports to the connection whether a write is blocked.
#[derive(Debug)]
pub(super) struct WatchedStream<S> {
    pub(super) stream: S,
    pub(super) connection: Arc<Connection>,
}

impl<S> WatchedStream<S> {
    fn noting<T>(&self, polled: Poll<T>) -> Poll<T> {
        self.connection.set_write_blocked(polled.is_pending());
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.noting(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.noting(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.noting(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// How many bytes the HTTP library receives at once: as many as fit into one HTTP/2 frame.
const FRAME_LIMIT: usize = 16 * 1024;

//! [`WatchedStream`]: the stream of a connection, below the HTTP library.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
};

use super::{
    connection::{Connection, MARKERS},
    disturbance::{End, Step},
    wire_format::{RST_STREAM, WireFormat},
};

/// A connection's stream. It reports to the connection whether a write is blocked.
///
/// Over HTTP/2 it replaces each `RST_STREAM` whose error code is a marker of the connection by the bytes of
/// the disturbance. So a disturbance begins between two frames, and knows its stream. When the HTTP library
/// drops the stream, it goes back to its owner.
#[derive(Debug)]
pub(super) struct WatchedStream<S> {
    /// Present until the drop.
    stream: Option<S>,
    owner: Option<oneshot::Sender<S>>,
    connection: Arc<Connection>,
    /// The bytes that replace a marker, as far as they are not written yet.
    replacement: Option<Bytes>,
    /// How many bytes of the current frame are still to be written; `None` for HTTP/1.1, or before the first
    /// byte.
    frame_left: Option<usize>,
    is_http1: bool,
    is_taken_over: bool,
}

impl<S> WatchedStream<S> {
    /// The stream, and the receiver that gets `stream` back.
    pub(super) fn new(stream: S, connection: Arc<Connection>) -> (Self, oneshot::Receiver<S>) {
        let (owner, returned) = oneshot::channel();
        let watched = Self {
            stream: Some(stream),
            owner: Some(owner),
            connection,
            replacement: None,
            frame_left: None,
            is_http1: false,
            is_taken_over: false,
        };
        (watched, returned)
    }

    fn noting<T>(&self, polled: Poll<T>) -> Poll<T> {
        self.connection.set_write_blocked(polled.is_pending());
        polled
    }

    /// How many of the bytes belong to frames before the next marker. 0 means that a marker is the first.
    fn before_marker(&self, bytes: &[u8]) -> usize {
        let mut at = self.frame_left.unwrap_or(0);
        while let Some(frame) = bytes.get(at..).and_then(Frame::read) {
            if frame.marker.is_some_and(|marker| marker & MARKERS == MARKERS) {
                return at;
            }
            at += frame.length;
        }
        bytes.len()
    }

    /// Records that `count` of the bytes were written.
    fn written(&mut self, bytes: &[u8], count: usize) {
        let mut at = self.frame_left.unwrap_or(0);
        while at < count {
            let Some(frame) = bytes.get(at..).and_then(Frame::read) else { break };
            at += frame.length;
        }
        self.frame_left = Some(at.saturating_sub(count));
    }

    /// Replaces the marker that begins `bytes`. Returns the length of its frame.
    fn replace(&mut self, bytes: &[u8]) -> Option<usize> {
        let frame = Frame::read(bytes)?;
        let disturbance = self.connection.take_disturbance(frame.marker?)?;
        let mut plan = disturbance.plan(WireFormat::Http2 { stream: frame.stream });
        if !matches!(plan.end, End::Continue | End::ContinueWaiting) {
            self.is_taken_over = true;
            self.connection.take_over(plan);
            return Some(0);
        }
        if plan.end == End::ContinueWaiting {
            self.connection.withhold_answer();
        }
        if let Some(Step::Write(bytes)) = plan.steps.pop() {
            self.replacement = Some(bytes);
        }
        Some(frame.length)
    }
}

impl<S: AsyncWrite + Unpin> WatchedStream<S> {
    fn stream(&mut self) -> io::Result<Pin<&mut S>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// Writes what is left of a replacement.
    fn poll_replacement(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(mut bytes) = self.replacement.take() {
            if bytes.is_empty() {
                break;
            }
            let polled = self.stream()?.poll_write(cx, &bytes);
            if let Poll::Ready(Ok(count)) = polled {
                bytes = bytes.slice(count..);
            }
            self.replacement = Some(bytes);
            if ready!(polled)? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_watched(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_replacement(cx))?;
        if self.is_taken_over {
            // The connection is about to drop the HTTP library.
            return Poll::Pending;
        }
        // An answer of HTTP/1.1 begins like no first frame of HTTP/2.
        self.is_http1 |= self.frame_left.is_none() && bytes.starts_with(b"HTT");
        if self.is_http1 {
            return self.stream()?.poll_write(cx, bytes);
        }
        let clean = self.before_marker(bytes);
        if clean == 0 && !bytes.is_empty() {
            return match self.replace(bytes) {
                // The next poll finds that the connection is taken over.
                Some(0) => Poll::Pending,
                Some(length) => Poll::Ready(Ok(length)),
                None => {
                    // An error code that only looks like a marker.
                    let length = Frame::read(bytes).map_or(bytes.len(), |it| it.length.min(bytes.len()));
                    self.poll_clean(cx, &bytes[..length])
                }
            };
        }
        self.poll_clean(cx, &bytes[..clean])
    }

    fn poll_clean(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(self.stream()?.poll_write(cx, bytes))?;
        self.written(bytes, count);
        Poll::Ready(Ok(count))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_read(cx, buf),
            None => Poll::Ready(Ok(())),
        }
    }
}

// Writes are not vectored, so that the frames of HTTP/2 arrive in one slice.
impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = self.poll_write_watched(cx, buf);
        self.noting(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut polled = self.poll_replacement(cx);
        if matches!(polled, Poll::Ready(Ok(()))) {
            polled = self.stream()?.poll_flush(cx);
        }
        self.noting(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_replacement(cx))?;
        self.stream()?.poll_shutdown(cx)
    }
}

impl<S> Drop for WatchedStream<S> {
    fn drop(&mut self) {
        if let (Some(owner), Some(stream)) = (self.owner.take(), self.stream.take()) {
            // If no task waits for the stream, it is closed here.
            let _ = owner.send(stream);
        }
    }
}

/// The head of a frame.
struct Frame {
    length: usize,
    stream: u32,
    /// The error code of an `RST_STREAM`.
    marker: Option<u32>,
}

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, kind, _, s, t, u, v, rest @ ..] = bytes else { return None };
        let code = rest.first_chunk().filter(|_| *kind == RST_STREAM).map(|code| u32::from_be_bytes(*code));
        Some(Self {
            length: 9 + u32::from_be_bytes([0, *a, *b, *c]) as usize,
            stream: u32::from_be_bytes([*s, *t, *u, *v]) & 0x7FFF_FFFF,
            marker: code,
        })
    }
}

//! [`ReplyGuard`]: a connection that ends where the server sends what no reply of a script can be.

mod syntax;

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use redis::RedisError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::syntax::ReplySyntax;

/// Bounds what the client library reads into memory, and keeps the rarer types of the protocol from it.
#[derive(Debug)]
pub(crate) struct ReplyGuard<S> {
    stream: S,
    syntax: ReplySyntax,
}

impl<S> ReplyGuard<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, syntax: ReplySyntax::default() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReplyGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if self.syntax.accept(&buffer.filled()[before..]) {
            return Poll::Ready(Ok(()));
        }
        buffer.set_filled(before);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, NotRedis)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ReplyGuard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The server sends what is no reply, or a reply beyond every bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotRedis;

impl NotRedis {
    /// Whether the client library hands on this error. It wraps the causes so that no downcast finds them.
    pub(crate) fn is_in(error: &RedisError) -> bool {
        error.to_string() == Self.to_string()
    }
}

impl fmt::Display for NotRedis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are no reply of a Redis server")
    }
}

impl Error for NotRedis {}

//! [`ReplyGuard`]: a connection that ends as soon as the server sends bytes that no script returns, or a reply without
//! a command.

mod greeting;
mod syntax;

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use redis::RedisError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(crate) use self::greeting::Greeting;
use self::syntax::Syntax;

/// Bounds what the client library reads into memory, and keeps the rarer types of the protocol from it.
///
/// It also counts replies and commands. The library matches them by their order, so one reply too many would shift all
/// later ones.
#[derive(Debug)]
pub(crate) struct ReplyGuard<S> {
    stream: S,
    commands: Syntax,
    replies: Syntax,
    greeting: Greeting,
}

impl<S> ReplyGuard<S> {
    pub(crate) fn new(stream: S, greeting: Greeting) -> Self {
        Self { stream, commands: Syntax::of_commands(), replies: Syntax::of_replies(), greeting }
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
        let bytes = &buffer.filled()[before..];
        let is_greeted = self.replies.begun() == 0 && self.greeting.notice(bytes);
        if !is_greeted && self.replies.accept(bytes) && self.replies.begun() <= self.commands.begun() {
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
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        // The library writes commands in order, whatever they hold.
        self.commands.accept(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The server sends what is no reply, a reply beyond every bound, or one reply too many.
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const COMMAND: &[u8] = b"*2\r\n$4\r\nPING\r\n$1\r\nx\r\n";
    const REPLY: &[u8] = b"*2\r\n$1\r\nx\r\n:1\r\n";

    /// A guarded connection and its other end, after `commands` commands.
    async fn after(commands: usize) -> (ReplyGuard<DuplexStream>, DuplexStream) {
        let (stream, peer) = duplex(65_536);
        let mut guard = ReplyGuard::new(stream, Greeting::default());
        guard.write_all(&COMMAND.repeat(commands)).await.unwrap();
        (guard, peer)
    }

    /// How many bytes the library gets of `replies` replies.
    async fn read(
        guard: &mut ReplyGuard<DuplexStream>,
        peer: &mut DuplexStream,
        replies: usize,
    ) -> io::Result<usize> {
        peer.write_all(&REPLY.repeat(replies)).await?;
        guard.read(&mut [0; 1024]).await
    }

    #[tokio::test]
    async fn a_reply_without_a_command_ends_the_connection() {
        for commands in 0..4 {
            let (mut guard, mut peer) = after(commands).await;
            let error = read(&mut guard, &mut peer, commands + 1).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted, "{commands}");
        }
    }

    #[tokio::test]
    async fn each_command_has_one_reply_however_they_alternate() {
        let (mut guard, mut peer) = after(3).await;
        for (more, replies) in [(0, 2), (2, 3), (1, 1)] {
            guard.write_all(&COMMAND.repeat(more)).await.unwrap();
            let length = read(&mut guard, &mut peer, replies).await.unwrap();
            assert_eq!(length, replies * REPLY.len());
        }
        read(&mut guard, &mut peer, 1).await.unwrap_err();
    }

    #[tokio::test]
    async fn a_command_of_many_long_parts_is_one_command() {
        let (stream, mut peer) = duplex(4 * 1024 * 1024);
        let mut guard = ReplyGuard::new(stream, Greeting::default());
        let part = format!("$1000000\r\n{}\r\n", "x".repeat(1_000_000));
        guard.write_all(format!("*3\r\n{part}{part}{part}").as_bytes()).await.unwrap();
        read(&mut guard, &mut peer, 1).await.unwrap();
        guard.write_all(format!("*40\r\n{}", "$1\r\nx\r\n".repeat(40)).as_bytes()).await.unwrap();
        read(&mut guard, &mut peer, 1).await.unwrap();
        read(&mut guard, &mut peer, 1).await.unwrap_err();
    }

    #[tokio::test]
    async fn only_what_the_connection_has_taken_is_a_command() {
        let (stream, mut peer) = duplex(COMMAND.len());
        let mut guard = ReplyGuard::new(stream, Greeting::default());
        assert_eq!(guard.write(&COMMAND.repeat(2)).await.unwrap(), COMMAND.len());
        peer.write_all(&REPLY.repeat(2)[..COMMAND.len()]).await.unwrap();
        guard.read(&mut [0; 1024]).await.unwrap_err();
    }
}

//! [`Connection`]: one end of a connection that a test controls byte by byte.

use std::{fmt, net::SocketAddr};

#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use super::raw_message::RawMessage;

/// One end of a connection. Dropping it closes it.
#[derive(Debug)]
pub struct Connection {
    stream: Box<dyn Stream>,
}

impl Connection {
    pub(super) fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream) }
    }

    /// Connects to a server as a client.
    pub async fn to(authority: &str) -> Self {
        Self::over(TcpStream::connect(authority).await.unwrap())
    }

    /// The other end of a TCP connection.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.stream.socket().expect("TCP").peer_addr().unwrap()
    }

    /// The protocol that ALPN negotiated.
    #[must_use]
    pub fn protocol(&self) -> Option<&[u8]> {
        self.stream.protocol()
    }

    /// Carries bytes between this connection and `server`, as a tunnel does, until both ends have closed.
    pub async fn relay(mut self, server: SocketAddr) {
        let mut server = TcpStream::connect(server).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut self.stream, &mut server).await;
    }

    /// Reads the next message with its body; `None` if the other end closes first.
    pub async fn receive(&mut self) -> Option<RawMessage> {
        let mut bytes = Vec::new();
        loop {
            if let Some(message) = RawMessage::parse(&bytes) {
                return Some(message);
            }
            match self.stream.read_buf(&mut bytes).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return None,
            }
        }
    }

    /// Fills `bytes`; false if the other end closes first.
    pub async fn read_exact(&mut self, bytes: &mut [u8]) -> bool {
        self.stream.read_exact(bytes).await.is_ok()
    }

    /// Reads until the other end closes. Returns everything.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Ok(1..) = self.stream.read_buf(&mut bytes).await {}
        bytes
    }

    /// Sends `bytes`.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Sends `bytes`. The other end may close before it has read them.
    pub async fn write_in_vain(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Closes the sending half. Reading goes on.
    pub async fn shut_down(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Resets the connection, as a crash does.
    pub fn reset(self) {
        self.stream.socket().expect("TCP").set_zero_linger().unwrap();
    }

    /// Sends `piece` again and again until the other end closes, or `most` bytes are sent. Returns the number
    /// of bytes sent.
    pub async fn write_up_to(&mut self, piece: &[u8], most: usize) -> usize {
        let mut sent = 0;
        while sent < most && self.stream.write_all(piece).await.is_ok() {
            sent += piece.len();
        }
        sent
    }

    /// The connection as a stream of bytes, for a server that is a library.
    pub(crate) fn into_stream(self) -> impl AsyncRead + AsyncWrite + Send + Unpin {
        self.stream
    }
}

impl From<TcpStream> for Connection {
    fn from(stream: TcpStream) -> Self {
        Self::over(stream)
    }
}

#[cfg(unix)]
impl From<UnixStream> for Connection {
    fn from(stream: UnixStream) -> Self {
        Self::over(stream)
    }
}

impl From<DuplexStream> for Connection {
    fn from(stream: DuplexStream) -> Self {
        Self::over(stream)
    }
}

pub(super) trait Stream: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {
    /// The TCP socket underneath, if there is one.
    fn socket(&self) -> Option<&TcpStream> {
        None
    }

    /// The protocol that ALPN negotiated.
    fn protocol(&self) -> Option<&[u8]> {
        None
    }
}

impl Stream for TcpStream {
    fn socket(&self) -> Option<&TcpStream> {
        Some(self)
    }
}

impl Stream for TlsStream<TcpStream> {
    fn socket(&self) -> Option<&TcpStream> {
        Some(self.get_ref().0)
    }

    fn protocol(&self) -> Option<&[u8]> {
        self.get_ref().1.alpn_protocol()
    }
}

#[cfg(unix)]
impl Stream for UnixStream {}
impl Stream for DuplexStream {}

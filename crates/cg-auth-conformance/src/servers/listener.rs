//! [`Listener`]: a TCP server that a test controls byte by byte.

use std::{fmt, future::pending, io, net::SocketAddr, sync::Arc, time::Duration};

use cg_auth_core::BaseUrl;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

use super::{authority::Authority, raw_message::RawMessage, tls::TlsServer};

/// A port of the loopback interface. It accepts and answers only when the test says so.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    tls: Option<(TlsServer, Arc<ServerConfig>)>,
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self { socket, tls: None }
    }
}

impl Listener {
    /// Listens on a free port.
    pub async fn bind() -> Self {
        Self { socket: TcpListener::bind("127.0.0.1:0").await.unwrap(), tls: None }
    }

    /// Listens on a free port and speaks TLS, over which it offers HTTP/1.1 only.
    pub async fn bind_tls() -> Self {
        Self::bind_tls_with(TlsServer::new()).await
    }

    /// Listens on a free port and speaks TLS as `server` does.
    pub async fn bind_tls_with(server: TlsServer) -> Self {
        let config = server.config();
        Self { tls: Some((server, config)), ..Self::bind().await }
    }

    /// With TLS, the authority of its certificate.
    #[must_use]
    pub fn authority(&self) -> Option<&Authority> {
        self.tls.as_ref().map(|(server, _)| server.authority())
    }

    /// With TLS, the root certificate to trust.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.authority().map(Authority::pem)
    }

    /// The address of the listener.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// A base URL that leads to the listener.
    #[must_use]
    pub fn base_url(&self) -> BaseUrl {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        BaseUrl::parse(&format!("{scheme}://{}", self.address())).unwrap()
    }

    /// The next connection.
    pub async fn accept(&self) -> Connection {
        let (stream, _) = self.socket.accept().await.unwrap();
        let stream: Box<dyn Stream> = match &self.tls {
            Some((_, config)) => {
                Box::new(TlsAcceptor::from(config.clone()).accept(stream).await.expect("a TLS handshake"))
            }
            None => Box::new(stream),
        };
        Connection { stream }
    }

    /// Accepts the next connection, whose TLS handshake must fail. Returns the error.
    ///
    /// Reads until the client closes: closing with unread bytes resets the connection, and a reset destroys
    /// the alert before it.
    pub async fn accept_in_vain(&self) -> io::Error {
        let (stream, _) = self.socket.accept().await.unwrap();
        let (_, config) = self.tls.as_ref().expect("TLS");
        let handshake = TlsAcceptor::from(config.clone()).accept(stream).into_fallible();
        let (error, stream) = handshake.await.expect_err("a TLS handshake that fails");
        Connection { stream: Box::new(stream) }.read_to_end().await;
        error
    }

    /// Accepts the next connection and reads until the client closes, whether or not its TLS handshake
    /// succeeds.
    pub(crate) async fn end_of_handshake(&self) {
        let (stream, _) = self.socket.accept().await.unwrap();
        let (_, config) = self.tls.as_ref().expect("TLS");
        match TlsAcceptor::from(config.clone()).accept(stream).into_fallible().await {
            Ok(stream) => drop(Connection { stream: Box::new(stream) }.read_to_end().await),
            Err((_, stream)) => drop(Connection { stream: Box::new(stream) }.read_to_end().await),
        }
    }

    /// Whether no further connection arrives. A short wait is enough, because the kernel accepts a connection
    /// over loopback at once.
    pub async fn is_left_alone(&self) -> bool {
        tokio::time::timeout(A_MOMENT, self.accept()).await.is_err()
    }

    /// Accepts the next connection, reads its request and writes `answer`. The connection stays open while
    /// the caller holds it.
    pub async fn answer(&self, answer: impl AsRef<[u8]>) -> (RawMessage, Connection) {
        let mut connection = self.accept().await;
        let request = connection.receive().await.expect("a request");
        connection.write(answer.as_ref()).await;
        (request, connection)
    }
}

const A_MOMENT: Duration = Duration::from_millis(20);

/// One end of a connection. Dropping it closes it.
#[derive(Debug)]
pub struct Connection {
    stream: Box<dyn Stream>,
}

trait Stream: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {
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

impl From<TcpStream> for Connection {
    fn from(stream: TcpStream) -> Self {
        Self { stream: Box::new(stream) }
    }
}

#[cfg(unix)]
impl From<UnixStream> for Connection {
    fn from(stream: UnixStream) -> Self {
        Self { stream: Box::new(stream) }
    }
}

impl From<DuplexStream> for Connection {
    fn from(stream: DuplexStream) -> Self {
        Self { stream: Box::new(stream) }
    }
}

impl Connection {
    /// Connects to a server as a client.
    pub async fn to(authority: &str) -> Self {
        Self { stream: Box::new(TcpStream::connect(authority).await.unwrap()) }
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

/// Runs `call` and `server` together. Returns the output of `call`, and holds that of `server` until then.
pub async fn while_serving<T>(call: impl Future<Output = T>, server: impl Future) -> T {
    let server = async {
        let _held = server.await;
        pending().await
    };
    tokio::select! {
        result = call => result,
        never = server => never,
    }
}

/// An answer of status 200 with `body`, on a connection that stays open.
#[must_use]
pub fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The body of a successful token operation.
pub const TOKEN: &str = r#"{"value":{"access_token":"at-1","refresh_token":"rt-1","duration":3600},"isSuccess":true,"errorMsg":null}"#;

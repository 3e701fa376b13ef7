//! [`Listener`]: a TCP server whose part a test plays byte by byte.

use std::{fmt, future::pending, net::SocketAddr, time::Duration};

use cg_auth_core::BaseUrl;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::tls::Tls;

/// A port of the loopback interface that does what a test says, or nothing at all.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    tls: Option<Tls>,
}

impl Listener {
    /// Listens on a free port.
    pub async fn bind() -> Self {
        Self { socket: TcpListener::bind("127.0.0.1:0").await.unwrap(), tls: None }
    }

    /// Listens on a free port and speaks TLS, over which it offers HTTP/1.1 only.
    pub async fn bind_tls() -> Self {
        Self { tls: Some(Tls::new()), ..Self::bind().await }
    }

    /// With TLS, the authority to trust.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.tls.as_ref().map(|tls| tls.ca_pem.as_str())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// A base URL that leads here.
    #[must_use]
    pub fn base_url(&self) -> BaseUrl {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        BaseUrl::parse(&format!("{scheme}://{}", self.address())).unwrap()
    }

    /// The next connection.
    pub async fn accept(&self) -> Connection {
        let (stream, _) = self.socket.accept().await.unwrap();
        let stream: Box<dyn Stream> = match &self.tls {
            Some(tls) => Box::new(TlsAcceptor::from(tls.config.clone()).accept(stream).await.unwrap()),
            None => Box::new(stream),
        };
        Connection { stream }
    }

    /// Whether anyone connects within a moment. Who is going to connect to loopback has done so by then.
    pub async fn is_left_alone(&self) -> bool {
        tokio::time::timeout(A_MOMENT, self.accept()).await.is_err()
    }

    /// Takes the next connection, and its request, and writes `answer`. The connection stays open for as
    /// long as the caller holds it.
    pub async fn answer(&self, answer: impl AsRef<[u8]>) -> (RawMessage, Connection) {
        let mut connection = self.accept().await;
        let request = connection.receive().await.expect("a request");
        connection.write(answer.as_ref()).await;
        (request, connection)
    }
}

const A_MOMENT: Duration = Duration::from_millis(100);

/// One end of a connection. Dropping it closes it.
#[derive(Debug)]
pub struct Connection {
    stream: Box<dyn Stream>,
}

trait Stream: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Stream for S {}

impl Connection {
    /// Connects to a server, to play the client.
    pub async fn to(authority: &str) -> Self {
        Self { stream: Box::new(TcpStream::connect(authority).await.unwrap()) }
    }

    /// The next message with its whole body; `None` when the other end is gone.
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

    /// Fills `bytes`; false when the other end is gone before that.
    pub async fn read_exact(&mut self, bytes: &mut [u8]) -> bool {
        self.stream.read_exact(bytes).await.is_ok()
    }

    /// Sends `bytes`, which the other end is there to read.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Says that nothing more will be sent, and still reads.
    pub async fn shut_down(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Sends `piece` over and over until the other end goes away: how many bytes left before that.
    pub async fn write_until_closed(&mut self, piece: &[u8]) -> usize {
        let mut sent = 0;
        while self.stream.write_all(piece).await.is_ok() {
            sent += piece.len();
        }
        sent
    }
}

/// A request or an answer as it was on the wire.
#[derive(Debug)]
pub struct RawMessage {
    head: Vec<u8>,
    /// Everything after the head, as far as `content-length` says.
    pub body: Vec<u8>,
}

impl RawMessage {
    /// The first line.
    #[must_use]
    pub fn line(&self) -> &str {
        str::from_utf8(self.lines().next().unwrap_or_default()).unwrap()
    }

    /// The values of every header of that name, in order.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        let headers = self.lines().skip(1).filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        });
        headers
            .filter(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
            .collect()
    }

    /// `None` until `bytes` hold a whole message.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let message = Self { head: bytes[..end].to_vec(), body: bytes[end + 4..].to_vec() };
        let length = match message.values("content-length").as_slice() {
            [length, ..] => str::from_utf8(length).unwrap().parse().unwrap(),
            [] => 0,
        };
        assert!(message.body.len() <= length, "more came than was announced");
        (message.body.len() == length).then_some(message)
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// The result of `call`, while `server` plays its part. What `server` returns is held until then.
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

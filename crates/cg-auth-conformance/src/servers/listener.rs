//! [`Listener`]: a TCP server that a test controls byte by byte.

use std::{future::pending, io, net::SocketAddr, sync::Arc, time::Duration};

use cg_auth_core::BaseUrl;
use http::Request;
use tokio::{net::TcpListener, sync::mpsc};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

pub use super::connection::Connection;
use super::{authority::Authority, raw_message::RawMessage, serve_http2::serve, tls::TlsServer};

/// A port of the loopback interface. It accepts and answers only when the test says so.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    tls: Option<(TlsServer, Arc<ServerConfig>)>,
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
        match &self.tls {
            Some((_, config)) => {
                let handshake = TlsAcceptor::from(config.clone()).accept(stream);
                Connection::over(handshake.await.expect("a TLS handshake"))
            }
            None => Connection::over(stream),
        }
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
        Connection::over(stream).read_to_end().await;
        error
    }

    /// Accepts the next connection and reads until the client closes, whether or not its TLS handshake
    /// succeeds.
    pub(crate) async fn end_of_handshake(&self) {
        let (stream, _) = self.socket.accept().await.unwrap();
        let (_, config) = self.tls.as_ref().expect("TLS");
        match TlsAcceptor::from(config.clone()).accept(stream).into_fallible().await {
            Ok(stream) => drop(Connection::over(stream).read_to_end().await),
            Err((_, stream)) => drop(Connection::over(stream).read_to_end().await),
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

    /// Accepts the next connection as HTTP/2, answers its requests with 200 and `body`, and returns the first.
    pub async fn answer_http2(&self, body: &str) -> Request<Vec<u8>> {
        let (seen, mut received) = mpsc::unbounded_channel();
        let body = body.to_owned();
        let answer = move |request| {
            // The receiver takes the first request.
            let _ = seen.send(request);
            std::future::ready(body.clone())
        };
        tokio::spawn(serve(self.accept().await, answer));
        received.recv().await.expect("a request over HTTP/2")
    }
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self { socket, tls: None }
    }
}

const A_MOMENT: Duration = Duration::from_millis(20);

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

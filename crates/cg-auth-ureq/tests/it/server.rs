//! A server that a test controls byte by byte, on the thread of the test.

use std::{
    future::poll_fn,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use cg_auth_ureq::cg_auth_core::time::{Runtime, ThreadRuntime};
use cg_auth_ureq::{Body, HttpTransport, TransportError, TransportSettings, UreqTransport};
use http::{Request, Response};

/// A port of the loopback interface.
pub(crate) struct Server(TcpListener);

impl Server {
    pub(crate) fn bind() -> Self {
        Self::with_backlog(128)
    }

    /// Up to `connections` may wait to be accepted.
    pub(crate) fn with_backlog(connections: i32) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
        socket.listen(connections).unwrap();
        Self(socket.into())
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/path", self.0.local_addr().unwrap())
    }

    /// A request to the server without a body.
    pub(crate) fn request(&self) -> Request<Body> {
        Request::get(self.url("http")).body(Body::empty()).unwrap()
    }

    /// Waits for a connection.
    pub(crate) fn accept(&self) -> Connection {
        Connection(self.0.accept().unwrap().0)
    }

    /// Whether no connection waits to be accepted. The kernel accepts one over loopback at once.
    pub(crate) fn is_left_alone(&self) -> bool {
        std::thread::sleep(Duration::from_millis(20));
        self.0.set_nonblocking(true).unwrap();
        let is_alone = self.0.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        self.0.set_nonblocking(false).unwrap();
        is_alone
    }

    /// Accepts a connection, reads its request and writes `answer`.
    pub(crate) fn answer(&self, answer: impl AsRef<[u8]>) -> Connection {
        let mut connection = self.accept();
        connection.read_head();
        connection.write(answer);
        connection
    }
}

/// The server's end of a connection. Dropping it closes it.
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// Reads to the end of a head. Returns it.
    pub(crate) fn read_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_eq!(self.0.read(&mut byte).unwrap(), 1, "the transport closed the connection");
            head.extend(byte);
        }
        String::from_utf8(head).unwrap()
    }

    /// Reads one byte at least.
    pub(crate) fn read_something(&mut self) {
        assert_ne!(self.0.read(&mut [0; 1024]).unwrap(), 0);
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// Writes `piece` until the transport ends the connection. Returns the number of bytes.
    pub(crate) fn write_until_closed(&mut self, piece: impl AsRef<[u8]>) -> usize {
        let mut written = 0;
        while self.0.write_all(piece.as_ref()).is_ok() {
            written += piece.as_ref().len();
        }
        written
    }

    /// Waits until the transport ends the connection. Anything that comes before that has no effect.
    pub(crate) fn wait_for_end(&mut self) {
        while let Ok(1..) = self.0.read(&mut [0; 1024]) {}
    }

    pub(crate) fn shut_down(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }

    /// Closes the connection with a reset, as a crash does.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.0).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// A transport with `settings` and no root certificate of the platform.
pub(crate) fn transport(settings: TransportSettings) -> UreqTransport {
    UreqTransport::from_settings(&settings.no_proxy()).unwrap()
}

/// Sends `request` and blocks until it is answered. Panics after a minute.
pub(crate) fn send(
    transport: &UreqTransport,
    request: Request<Body>,
) -> Result<Response<Body>, TransportError> {
    let mut call = transport.send(request);
    let mut limit = ThreadRuntime::new().sleep(Duration::from_secs(60));
    ThreadRuntime::block_on(poll_fn(|context| {
        assert!(limit.as_mut().poll(context).is_pending(), "the call hangs");
        call.as_mut().poll(context)
    }))
}

/// Sends a request while `play` serves it on another thread. Returns both results.
pub(crate) fn exchange<T: Send>(
    transport: &UreqTransport,
    server: &Server,
    play: impl FnOnce(&Server) -> T + Send,
) -> (Result<Response<Body>, TransportError>, T) {
    std::thread::scope(|scope| {
        let played = scope.spawn(|| play(server));
        let result = send(transport, server.request());
        (result, played.join().unwrap())
    })
}

/// An answer of status 200 with `body`.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

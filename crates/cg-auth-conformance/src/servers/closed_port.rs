//! [`ClosedPort`]: a port that refuses connections.

use std::net::SocketAddr;

use cg_auth_core::BaseUrl;
use tokio::net::TcpSocket;

/// A port of the loopback interface that refuses connections, because nothing listens there. Nothing else takes
/// it until it is dropped.
#[derive(Debug)]
pub struct ClosedPort(TcpSocket);

impl ClosedPort {
    /// Takes a free port.
    #[must_use]
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self(socket)
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// A base URL of it.
    #[must_use]
    pub fn base_url(&self) -> BaseUrl {
        BaseUrl::parse(&format!("http://{}", self.address())).unwrap()
    }
}

impl Default for ClosedPort {
    fn default() -> Self {
        Self::new()
    }
}

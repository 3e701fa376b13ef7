//! Connectors of hyper-util that lead every host to one server, so that a peer keeps its own URL.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    io, iter,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connected, Connection, HttpConnector, dns::Name},
    },
    rt::{TokioExecutor, TokioIo},
};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tower_service::Service;

use crate::{server::answer_all, service};

pub type LoopbackClient = Client<HttpConnector<ToServer>, Full<Bytes>>;

/// Plain HTTP/1.1 to `server`, whatever the URL says.
pub fn loopback(server: SocketAddr) -> HttpConnector<ToServer> {
    let mut connector = HttpConnector::new_with_resolver(ToServer(server));
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector
}

/// hyper-util's client over [`loopback`], with its defaults.
pub fn loopback_client(server: SocketAddr) -> LoopbackClient {
    Client::builder(TokioExecutor::new()).build(loopback(server))
}

/// Resolves every name to the server.
#[derive(Debug, Clone)]
pub struct ToServer(SocketAddr);

impl Service<Name> for ToServer {
    type Response = iter::Once<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(iter::once(self.0)))
    }
}

/// Connections in memory, for herds that open ten thousand.
#[derive(Debug, Clone)]
pub struct InMemory(pub Arc<service::Service>);

impl Service<Uri> for InMemory {
    type Response = TokioIo<Pipe>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (client, server) = tokio::io::duplex(4096);
        tokio::spawn(answer_all(server, Arc::clone(&self.0)));
        ready(Ok(TokioIo::new(Pipe(client))))
    }
}

/// The client's end of a connection in memory.
pub struct Pipe(DuplexStream);

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

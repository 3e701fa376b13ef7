//! [`Stream`]: a connection to the service or to a proxy.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use hyper::rt::{Read, ReadBufCursor, Write};
#[cfg(feature = "rustls")]
use hyper_rustls::MaybeHttpsStream;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::net::TcpStream;

type Tcp = TokioIo<TcpStream>;
#[cfg(feature = "rustls")]
type Bytes = MaybeHttpsStream<Tcp>;
#[cfg(not(feature = "rustls"))]
type Bytes = Tcp;

/// A connection before TLS with the service.
#[derive(Debug)]
pub(crate) struct Stream {
    bytes: Bytes,
    ends_at_proxy: bool,
}

impl Stream {
    /// A connection to the service, direct or through a tunnel.
    pub(crate) fn to_service(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), ends_at_proxy: false }
    }

    /// A connection to a proxy that reads the requests, so hyper writes the full URL as their target.
    pub(crate) const fn to_proxy(bytes: Bytes) -> Self {
        Self { bytes, ends_at_proxy: true }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.bytes.connected().proxy(self.ends_at_proxy)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.bytes).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.bytes.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.bytes).poll_write_vectored(cx, buffers)
    }
}

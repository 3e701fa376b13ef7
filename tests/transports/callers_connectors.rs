//! hyper over connections of the caller: a Unix socket, and a pipe in memory.

use std::{
    future::{Ready, ready},
    io,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
};

use cg_auth_core::{BaseUrl, transport::TransportErrorKind};
use cg_auth_hyper::{HyperTransport, TransportSettings};
use cg_auth_tests::{
    hang_guard::bounded,
    listener::{Connection, TOKEN, ok},
};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection as Pooled},
    rt::TokioIo,
};
use tokio::{
    io::DuplexStream,
    net::{UnixListener, UnixStream},
    sync::mpsc,
};
use tower_service::Service;

use super::subject::{client_over, credential};

#[tokio::test]
async fn a_unix_socket_leads_to_the_service() {
    bounded(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("service.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let transport = HyperTransport::with_connector(UnixSocket(path));
        let client = client_over(BaseUrl::parse("http://localhost/governance").unwrap(), transport);
        let server = async {
            let mut connection = Connection::from(listener.accept().await.unwrap().0);
            for _ in 0..2 {
                let request = connection.receive().await.expect("a request");
                assert_eq!(request.line(), "POST /governance/auth/token/delegate HTTP/1.1");
                assert_eq!(request.values("host"), [b"localhost"]);
                connection.write(&ok(TOKEN)).await;
            }
        };
        let credential = credential();
        let calls = async {
            for _ in 0..2 {
                let answer = client.get_delegate_access_token(&credential).await.unwrap();
                assert_eq!(answer.value.access_token().expose_secret(), "at-1");
            }
        };
        tokio::join!(calls, server);
    })
    .await;
}

#[tokio::test]
async fn a_unix_socket_without_a_server_is_a_connect_error() {
    bounded(async {
        let folder = tempfile::tempdir().unwrap();
        let transport = HyperTransport::with_connector(UnixSocket(folder.path().join("missing.sock")));
        let client = client_over(BaseUrl::parse("http://localhost").unwrap(), transport);
        let error = client.get_delegate_access_token(&credential()).await.unwrap_err();
        let error = error.as_transport().unwrap();
        assert_eq!(error.kind(), TransportErrorKind::Connect);
        assert!(!error.may_have_been_sent());
    })
    .await;
}

#[tokio::test]
async fn a_connection_may_be_in_memory() {
    bounded(async {
        let (other_ends, mut accepted) = mpsc::unbounded_channel();
        let settings = TransportSettings::new().body_limit(TOKEN.len() - 1);
        for (transport, fits) in [
            (HyperTransport::with_connector(InMemory(other_ends.clone())), true),
            (HyperTransport::with_connector_and_settings(InMemory(other_ends.clone()), &settings), false),
        ] {
            // The connector decides what https means: here, no TLS.
            let client = client_over(BaseUrl::parse("https://service.example").unwrap(), transport);
            let server = async {
                let (uri, stream) = accepted.recv().await.expect("a connection");
                assert_eq!(uri, "https://service.example/");
                let mut connection = Connection::from(stream);
                let request = connection.receive().await.expect("a request");
                assert_eq!(request.values("host"), [b"service.example"]);
                connection.write(&ok(TOKEN)).await;
                connection
            };
            let credential = credential();
            let (answer, _connection) = tokio::join!(client.get_delegate_access_token(&credential), server);
            match answer {
                Ok(_) => assert!(fits),
                Err(error) => {
                    assert_eq!(error.as_transport().unwrap().kind(), TransportErrorKind::TooLarge);
                    assert!(!fits);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_still_queued_when_its_connection_ends_was_not_sent() {
    bounded(async {
        for is_known in [false, true] {
            let transport = HyperTransport::with_connector(ShortLived { is_known });
            let client = client_over(BaseUrl::parse("https://service.example").unwrap(), transport);
            let error = client.get_delegate_access_token(&credential()).await.unwrap_err();
            assert_eq!(error.as_transport().unwrap().kind(), TransportErrorKind::Closed);
            assert!(!error.may_have_been_sent(), "{is_known}");
        }
    })
    .await;
}

type Connecting<S> = Pin<Box<dyn Future<Output = io::Result<S>> + Send>>;

/// Connects to one socket for every URL.
#[derive(Debug, Clone)]
struct UnixSocket(PathBuf);

impl Service<Uri> for UnixSocket {
    type Response = TokioIo<UnixStream>;
    type Error = io::Error;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let path = self.0.clone();
        Box::pin(async move { UnixStream::connect(path).await.map(TokioIo::new) })
    }
}

/// Sends the other end of each connection, and its URL, to a channel.
#[derive(Debug, Clone)]
struct InMemory(mpsc::UnboundedSender<(Uri, DuplexStream)>);

impl Service<Uri> for InMemory {
    type Response = Duplex;
    type Error = io::Error;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (near, far) = tokio::io::duplex(1024);
        self.0.send((uri, far)).unwrap();
        Box::pin(async move { Ok(Duplex(TokioIo::new(near))) })
    }
}

/// A pipe, as hyper's pool needs it.
#[derive(Debug)]
struct Duplex(TokioIo<DuplexStream>);

impl Pooled for Duplex {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Duplex {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for Duplex {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Makes connections that are reset at once, or as soon as hyper has polled them.
#[derive(Debug, Clone)]
struct ShortLived {
    is_known: bool,
}

impl Service<Uri> for ShortLived {
    type Response = Reset;
    type Error = io::Error;
    type Future = Ready<io::Result<Reset>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(Ok(Reset { is_known: self.is_known }))
    }
}

/// A read is pending at first, unless `is_known`, and then fails with a reset.
#[derive(Debug)]
struct Reset {
    is_known: bool,
}

impl Pooled for Reset {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Reset {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match std::mem::replace(&mut self.is_known, true) {
            false => Poll::Pending,
            true => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

impl Write for Reset {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("the request left");
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

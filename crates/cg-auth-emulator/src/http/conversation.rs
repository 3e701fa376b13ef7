//! One connection from its TLS handshake, if any, to its end: HTTP/1.1 or HTTP/2.

use std::{pin::pin, sync::Arc};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{net::TcpStream, sync::watch, time::timeout};
use tokio_rustls::TlsAcceptor;

use super::{
    connection::{Connection, PEER_TIMEOUT},
    exchange::exchange,
    player::{Socket, play},
    shutdown::Shutdown,
    watched_stream::WatchedStream,
};
use crate::state::State;

/// Serves the connection until the peer closes it, the peer falls silent, or the server shuts down.
pub(super) async fn serve(
    stream: TcpStream,
    mut connection: Connection,
    tls: Option<TlsAcceptor>,
    state: State,
    mut shutdown: watch::Receiver<Shutdown>,
) {
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = tls else {
        return serve_http(stream, connection, state, shutdown).await;
    };
    let handshake = tokio::select! {
        handshake = timeout(PEER_TIMEOUT, acceptor.accept(stream)) => handshake,
        () = Shutdown::Graceful.requested(&mut shutdown) => return,
    };
    if let Ok(Ok(stream)) = handshake {
        let alpn = stream.get_ref().1.alpn_protocol();
        connection.alpn = alpn.map(|protocol| String::from_utf8_lossy(protocol).into_owned());
        serve_http(stream, connection, state, shutdown).await;
    }
}

async fn serve_http(
    stream: impl Socket,
    connection: Connection,
    state: State,
    mut shutdown: watch::Receiver<Shutdown>,
) {
    let connection = Arc::new(connection);
    let (stream, returned) = WatchedStream::new(stream, Arc::clone(&connection));
    converse(stream, &connection, state, &mut shutdown).await;
    // The HTTP library has dropped the stream, so it is back.
    if let (Some(plan), Ok(stream)) = (connection.take_plan(), returned.await) {
        play(stream, plan, &mut shutdown).await;
    }
}

async fn converse(
    stream: WatchedStream<impl Socket>,
    connection: &Arc<Connection>,
    state: State,
    shutdown: &mut watch::Receiver<Shutdown>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // `Date` headers come from the emulator's clock; hyper would take them from the system's.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PEER_TIMEOUT).auto_date_header(false);
    builder.http1().max_buf_size(HEAD_LIMIT).max_headers(MAX_HEADERS);
    builder.http2().timer(TokioTimer::new()).auto_date_header(false);
    builder.http2().max_concurrent_streams(MAX_STREAMS).max_header_list_size(HEAD_LIMIT_OF_HTTP2);
    let service = {
        let connection = Arc::clone(connection);
        service_fn(move |request| exchange(state.clone(), Arc::clone(&connection), request))
    };
    // An error is ignored: it ends the connection, which the peer notices, and no caller waits for it.
    let mut conversation = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut aborted = pin!(connection.abort.notified());
    tokio::select! {
        biased;
        () = &mut aborted => return,
        _ = &mut conversation => return,
        () = Shutdown::Graceful.requested(shutdown) => {}
        () = connection.wait_until_peer_is_silent() => {}
    }
    conversation.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        () = aborted => {}
        _ = conversation => {}
        // An HTTP/2 connection closes gracefully only when the peer responds. A shutdown must not depend on
        // that.
        () = connection.wait_until_idle() => {}
        // A peer that does not read its answer must not keep the connection open.
        () = connection.wait_until_peer_is_silent() => {}
    }
}

/// How many bytes the head of a request may have.
const HEAD_LIMIT: usize = 64 * 1024;
const HEAD_LIMIT_OF_HTTP2: u32 = 64 * 1024;
/// How many headers an HTTP/1.1 request may have. Hyper refuses one with more with 431.
pub(super) const MAX_HEADERS: usize = 200;
/// How many requests may be in flight at once on an HTTP/2 connection.
pub(super) const MAX_STREAMS: u32 = 32;

//! The conversation on one connection: TLS if there is any, HTTP/1.1 or HTTP/2, until it ends, is given up or
//! is cut.

use std::{pin::pin, sync::Arc};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    connection::{Connection, PATIENCE},
    exchange::exchange,
    phase::{Phase, until},
    sending::Watched,
    state::State,
};

/// Serves the connection, which is given up once its peer has fallen silent.
pub(crate) async fn serve(
    stream: TcpStream,
    mut connection: Connection,
    tls: Option<TlsAcceptor>,
    state: State,
    mut phase: watch::Receiver<Phase>,
) {
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = tls else {
        return converse(stream, connection, state, phase).await;
    };
    let handshake = tokio::select! {
        handshake = timeout(PATIENCE, acceptor.accept(stream)) => handshake,
        () = until(&mut phase, Phase::Draining) => return,
    };
    if let Ok(Ok(stream)) = handshake {
        let alpn = stream.get_ref().1.alpn_protocol();
        connection.alpn = alpn.map(|protocol| String::from_utf8_lossy(protocol).into_owned());
        converse(stream, connection, state, phase).await;
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: Connection,
    state: State,
    mut phase: watch::Receiver<Phase>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Dates come from the emulator's clock, hyper's would come from the system's.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE).auto_date_header(false);
    builder.http1().max_buf_size(HEAD_LIMIT);
    builder.http2().timer(TokioTimer::new()).auto_date_header(false);
    builder.http2().max_concurrent_streams(MAX_STREAMS);
    let connection = Arc::new(connection);
    let stream = Watched { stream, connection: Arc::clone(&connection) };
    let service = {
        let connection = Arc::clone(&connection);
        service_fn(move |request| exchange(state.clone(), Arc::clone(&connection), request))
    };
    // A connection that breaks is the peer's business: there is nobody left to tell.
    let mut conversation = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut cut = pin!(connection.cut.notified());
    tokio::select! {
        biased;
        () = &mut cut => return,
        _ = &mut conversation => return,
        () = until(&mut phase, Phase::Draining) => {}
        () = connection.silent() => {}
    }
    conversation.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        () = cut => {}
        _ = conversation => {}
        // HTTP/2 takes leave of a peer that answers; one that does not must not hold up a shutdown.
        () = connection.idle() => {}
        // A peer that does not take its answer must not hold on to the connection.
        () = connection.silent() => {}
    }
}

/// How much of HTTP/1.1 is read before anything is made of it; hyper bounds HTTP/2 by itself.
const HEAD_LIMIT: usize = 64 * 1024;
/// How many requests may be under way at once on a connection of HTTP/2.
const MAX_STREAMS: u32 = 32;

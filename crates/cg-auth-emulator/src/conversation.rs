//! The conversation on one connection: TLS if there is any, HTTP/1.1 or HTTP/2, until it ends, is given up or
//! is cut.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    connection::{Connection, PATIENCE},
    exchange::exchange,
    phase::{Phase, until},
    state::State,
};

/// Serves the connection, which is given up if no request arrives on it in time.
pub(crate) async fn serve(
    stream: TcpStream,
    mut connection: Connection,
    tls: Option<TlsAcceptor>,
    state: State,
    mut phase: watch::Receiver<Phase>,
) {
    let _ = stream.set_nodelay(true);
    let spoke = Arc::new(AtomicBool::new(false));
    let conversation = async {
        let Some(acceptor) = tls else {
            return converse(stream, connection, state, phase, &spoke).await;
        };
        let handshake = tokio::select! {
            handshake = acceptor.accept(stream) => handshake,
            () = until(&mut phase, Phase::Draining) => return,
        };
        if let Ok(stream) = handshake {
            let alpn = stream.get_ref().1.alpn_protocol();
            connection.alpn = alpn.map(|protocol| String::from_utf8_lossy(protocol).into_owned());
            converse(stream, connection, state, phase, &spoke).await;
        }
    };
    let silence = async {
        sleep(PATIENCE).await;
        if spoke.load(Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = conversation => {}
        () = silence => {}
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: Connection,
    state: State,
    mut phase: watch::Receiver<Phase>,
    spoke: &Arc<AtomicBool>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Dates come from the emulator's clock, hyper's would come from the system's.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE).auto_date_header(false);
    builder.http1().max_buf_size(HEAD_LIMIT);
    builder.http2().timer(TokioTimer::new()).auto_date_header(false);
    let connection = Arc::new(connection);
    let service = {
        let (connection, spoke) = (Arc::clone(&connection), Arc::clone(spoke));
        service_fn(move |request| {
            spoke.store(true, Relaxed);
            exchange(state.clone(), Arc::clone(&connection), request)
        })
    };
    // A connection that breaks is the peer's business: there is nobody left to tell.
    let mut conversation = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut cut = pin!(connection.cut.notified());
    tokio::select! {
        biased;
        () = &mut cut => return,
        _ = &mut conversation => return,
        () = until(&mut phase, Phase::Draining) => conversation.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        biased;
        () = cut => {}
        _ = conversation => {}
        // HTTP/2 takes leave of a peer that answers; one that does not must not hold up a shutdown.
        () = connection.idle() => {}
    }
}

/// How much of HTTP/1.1 is read before anything is made of it; hyper bounds HTTP/2 by itself.
const HEAD_LIMIT: usize = 64 * 1024;

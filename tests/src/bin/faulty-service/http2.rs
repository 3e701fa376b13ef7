//! The port for HTTP/2 over TLS.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use bytes::Bytes;
use cg_auth_core::body::Body;
use h2::{
    Reason, RecvStream,
    server::{Connection, SendResponse},
};
use http::{Request, Response};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedSender, unbounded_channel},
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

use crate::{
    faults::Fault,
    front::{Front, Sending},
};

pub(crate) async fn serve(port: TcpListener, config: Arc<ServerConfig>, front: Arc<Front>) {
    let tls = TlsAcceptor::from(config);
    loop {
        let (stream, _) = port.accept().await.unwrap();
        if front.faults().resets() {
            stream.set_zero_linger().unwrap();
        }
        let (tls, front) = (tls.clone(), front.clone());
        tokio::spawn(async move {
            // The client may give up during either handshake.
            let Ok(stream) = tls.accept(stream).await else { return };
            let Ok(connection) = h2::server::handshake(stream).await else { return };
            serve_connection(connection, front).await;
        });
    }
}

/// Answers each request in a task of its own, until one end closes.
async fn serve_connection(mut connection: Connection<TlsStream<TcpStream>, Bytes>, front: Arc<Front>) {
    let (end, mut ends) = unbounded_channel();
    loop {
        tokio::select! {
            request = connection.accept() => {
                let Some(Ok((request, respond))) = request else { return };
                front.counted().http2.fetch_add(1, Relaxed);
                tokio::spawn(answer(request, respond, front.clone(), end.clone()));
            }
            Some(fault) = ends.recv() => match fault {
                Fault::GoAway => connection.graceful_shutdown(),
                Fault::GoAwayNow => connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM),
                _ => return,
            },
        }
    }
}

/// Answers one request. Sends a fault to `end` if it concerns the whole connection.
async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    front: Arc<Front>,
    end: UnboundedSender<Fault>,
) {
    let (head, mut stream) = request.into_parts();
    let mut body = Vec::new();
    while let Some(Ok(piece)) = stream.data().await {
        let _ = stream.flow_control().release_capacity(piece.len());
        body.extend_from_slice(&piece);
    }
    let (answer, fault) = match front.answer(head.uri.path(), head.headers, body).await {
        Sending::Whole(answer) => (answer, None),
        Sending::Disturbed(answer, fault) => (answer, Some(fault)),
    };
    match fault {
        None => send(&mut respond, answer, None).await,
        Some(Fault::Slow(pause)) => send(&mut respond, answer, Some(pause)).await,
        Some(Fault::Hang) => sleep(LONGER_THAN_THE_CLIENT_WAITS).await,
        Some(Fault::ResetStream(reason)) => respond.send_reset(reason),
        Some(Fault::Truncate) => {
            let half = answer.body().len() / 2;
            if let Ok(mut stream) = respond.send_response(answer.clone().map(|_| ()), false) {
                let _ = stream.send_data(Bytes::copy_from_slice(&answer.body().as_bytes()[..half]), false);
                stream.send_reset(Reason::INTERNAL_ERROR);
            }
        }
        Some(Fault::GoAway) => {
            let _ = end.send(Fault::GoAway);
            send(&mut respond, answer, None).await;
        }
        Some(fault) => {
            let _ = end.send(fault);
        }
    }
}

/// Sends `answer`, in four pieces with `pause` before each. The client may have gone.
async fn send(respond: &mut SendResponse<Bytes>, answer: Response<Body>, pause: Option<Duration>) {
    let (head, body) = answer.into_parts();
    let Ok(mut stream) = respond.send_response(Response::from_parts(head, ()), false) else { return };
    let body = body.into_bytes();
    for piece in body.chunks(if pause.is_some() { body.len().div_ceil(4) } else { body.len() }.max(1)) {
        sleep(pause.unwrap_or_default()).await;
        let _ = stream.send_data(Bytes::copy_from_slice(piece), false);
    }
    let _ = stream.send_data(Bytes::new(), true);
}

/// The client's timeout of a call is ten seconds.
pub(crate) const LONGER_THAN_THE_CLIENT_WAITS: Duration = Duration::from_secs(15);

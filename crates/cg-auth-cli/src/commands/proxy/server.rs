//! The server in front: HTTP/1.1 and HTTP/2 on one port of this machine.

use std::{
    convert::Infallible,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;

use super::forwarder::Forwarder;

/// Serves until `ended`. Then it accepts nothing new and gives the requests in flight [`GRACE`].
pub(super) async fn serve(listener: TcpListener, forwarder: Arc<Forwarder>, ended: impl Future<Output = ()>) {
    let builder = builder();
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut ended = pin!(ended);
    loop {
        let accepted = async {
            // Without a permit, further connections wait in the operating system's queue.
            let permit = Arc::clone(&permits).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut ended => break,
        };
        let Ok((stream, _)) = accepted else {
            // The client has closed the connection, or the process is out of descriptors. Both pass.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let begun = Arc::new(Notify::new());
        let service = {
            let (forwarder, begun) = (Arc::clone(&forwarder), Arc::clone(&begun));
            service_fn(move |request: http::Request<Incoming>| {
                begun.notify_one();
                let forwarder = Arc::clone(&forwarder);
                async move { Ok::<_, Infallible>(forwarder.answer(request).await) }
            })
        };
        let connection = builder.serve_connection(bounded(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            tokio::select! {
                // An error ends the connection, which the client notices.
                _ = &mut connection => {}
                // hyper limits the time for a head only once it knows the version of HTTP.
                first = timeout(HEAD_TIMEOUT, begun.notified()) => if first.is_ok() {
                    let _ = connection.await;
                },
            }
            drop(permit);
        });
    }
    drop(listener);
    // A request that takes longer ends with the process.
    let _ = timeout(GRACE, graceful.shutdown()).await;
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_LIMIT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(HEAD_LIMIT as u32)
        .keep_alive_interval(HEAD_TIMEOUT)
        .keep_alive_timeout(HEAD_TIMEOUT);
    builder
}

/// The stream of a client. A client that does not read its answer loses the connection.
fn bounded(stream: TcpStream) -> TokioIo<Pin<Box<TimeoutStream<TcpStream>>>> {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    TokioIo::new(Box::pin(stream))
}

/// How long the requests in flight may take after the end.
const GRACE: Duration = Duration::from_secs(5);
/// How many clients may be connected at once. Each may need a connection to the upstream too.
const MAX_CONNECTIONS: usize = 256;
/// How many requests may be in flight at once on an HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// How long a client may take for the head of a request, and how long a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How many bytes of a head are buffered.
const HEAD_LIMIT: usize = 64 * 1024;
/// How long a client may leave its answer unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests;

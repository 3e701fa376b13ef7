//! [`Server`]: a thread with a runtime of its own that accepts connections until it is dropped.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener as StdTcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use cg_auth_core::body::{Body, BodyCollector};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Body as _, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    runtime,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use crate::{error::EmulatorError, refusal::Refusal, service::Service};

/// A running server. Dropping it closes every socket and waits for the thread.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1. Needs no runtime of the caller's, only someone who polls.
    pub(crate) async fn start(
        service: Arc<Service>,
        tls: Option<Arc<ServerConfig>>,
    ) -> Result<Self, EmulatorError> {
        let listener = StdTcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(EmulatorError::listen)?;
        listener.set_nonblocking(true).map_err(EmulatorError::listen)?;
        let address = listener.local_addr().map_err(EmulatorError::listen)?;

        let (stop, stopped) = oneshot::channel();
        let (ready, started) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("cg-auth-emulator".to_owned())
            .spawn(move || run(listener, &service, tls.map(TlsAcceptor::from), stopped, ready))
            .map_err(EmulatorError::thread)?;
        let server = Self { address, stop: Some(stop), thread: Some(thread) };
        match started.await {
            Ok(Ok(())) => Ok(server),
            Ok(Err(error)) => Err(EmulatorError::thread(error)),
            Err(_) => Err(EmulatorError::thread(io::Error::other("the thread has ended"))),
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there has been reported by the panic hook; it must not become one here.
            let _ = thread.join();
        }
    }
}

/// The thread: everything that belongs to a connection ends when the runtime is dropped at its end.
fn run(
    listener: StdTcpListener,
    service: &Arc<Service>,
    tls: Option<TlsAcceptor>,
    stopped: oneshot::Receiver<()>,
    ready: oneshot::Sender<io::Result<()>>,
) {
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return drop(ready.send(Err(error))),
        };
        let _ = ready.send(Ok(()));
        tokio::select! {
            _ = stopped => {}
            () = accept(&listener, service, tls) => {}
        }
    });
}

async fn accept(listener: &TcpListener, service: &Arc<Service>, tls: Option<TlsAcceptor>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Beyond the limit, connections wait in the operating system's queue.
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, tls.clone(), Arc::clone(service), permit));
            }
            // The peer has gone already, or the process is out of descriptors: the next moment may be better.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// One connection, given up if no request arrives on it in time.
async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    service: Arc<Service>,
    _permit: OwnedSemaphorePermit,
) {
    let _ = stream.set_nodelay(true);
    let spoke = Arc::new(AtomicBool::new(false));
    let conversation = async {
        match tls {
            None => converse(stream, service, Arc::clone(&spoke)).await,
            Some(acceptor) => {
                if let Ok(stream) = acceptor.accept(stream).await {
                    converse(stream, service, Arc::clone(&spoke)).await;
                }
            }
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
    service: Arc<Service>,
    spoke: Arc<AtomicBool>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Dates come from the emulator's clock, hyper's would come from the system's.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE).auto_date_header(false);
    builder.http2().timer(TokioTimer::new()).auto_date_header(false);
    let exchange = service_fn(move |request| {
        spoke.store(true, Relaxed);
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(exchange(&service, request).await) }
    });
    // A connection that breaks is the peer's business: there is nobody left to tell.
    let _ = builder.serve_connection(TokioIo::new(stream), exchange).await;
}

async fn exchange(service: &Service, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, incoming) = request.into_parts();
    let body = timeout(PATIENCE, collect(incoming)).await.unwrap_or(Err(Refusal::REQUEST_TIMEOUT));
    let answer = match body {
        Ok(body) => service.answer(&Request::from_parts(parts, body)),
        Err(refusal) => service.refuse(&parts.headers, refusal),
    };
    answer.map(|body| Full::new(body.into_bytes()))
}

/// The body within [`BODY_LIMIT`]. Some of what is beyond is read and dropped, since a peer that is still
/// writing when the connection closes may never see the answer.
async fn collect(mut incoming: Incoming) -> Result<Body, Refusal> {
    let mut body = BodyCollector::new(BODY_LIMIT);
    let mut fits = body.expect(incoming.size_hint().lower()).is_ok();
    let mut read = 0;
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| Refusal::BROKEN_BODY)?;
        let piece = frame.data_ref().map_or(&[][..], |data| data);
        read += piece.len();
        fits = fits && body.push(piece).is_ok();
        if read > 16 * BODY_LIMIT {
            break;
        }
    }
    if fits { Ok(body.finish()) } else { Err(Refusal::TOO_LARGE) }
}

/// How many connections are open at once.
const MAX_CONNECTIONS: usize = 256;
/// How long a peer may take to say something: a first request, the next headers, a whole body.
const PATIENCE: Duration = Duration::from_secs(10);
/// Ten times more than any credential needs.
const BODY_LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests;

//! [`Server`]: a thread with its own runtime, which accepts connections until it is shut down.

use std::{
    io,
    net::TcpListener as StdTcpListener,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    net::TcpListener,
    runtime::{self, Runtime},
    sync::{Semaphore, oneshot, watch},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use super::{
    connection::{Connection, PEER_TIMEOUT},
    conversation,
    shutdown::Shutdown,
};
use crate::{error::EmulatorError, state::State};

/// A running server. Dropping it closes every socket and waits for the thread.
#[derive(Debug)]
pub(crate) struct Server {
    runtime: runtime::Handle,
    shutdown: watch::Sender<Shutdown>,
    ended: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts to serve on `listener`. This needs no runtime of the caller and does not block.
    pub(crate) fn start(
        listener: StdTcpListener,
        tls: Option<Arc<ServerConfig>>,
        state: State,
    ) -> Result<Self, EmulatorError> {
        let (shutdown, watched) = watch::channel(Shutdown::NotRequested);
        let (end, ended) = oneshot::channel();
        // Dropping a runtime inside an async context panics, and the caller may be in one. So the thread
        // starts first, takes ownership of the runtime and drops it.
        let (runtime_sender, runtime_receiver) = mpsc::channel::<(Runtime, TcpListener)>();
        let thread = thread::Builder::new()
            .name("cg-auth-emulator".to_owned())
            .spawn(move || {
                if let Ok((runtime, listener)) = runtime_receiver.recv() {
                    runtime.block_on(run(listener, tls.map(TlsAcceptor::from), &state, watched));
                }
                // The runtime has been dropped by now, and every connection with it.
                let _ = end.send(());
            })
            .map_err(EmulatorError::thread)?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(EmulatorError::thread)?;
        let server =
            Self { runtime: runtime.handle().clone(), shutdown, ended: Some(ended), thread: Some(thread) };
        match register(listener, &runtime) {
            Ok(listener) => {
                let _ = runtime_sender.send((runtime, listener));
                Ok(server)
            }
            Err(error) => {
                runtime.shutdown_background();
                drop(runtime_sender);
                Err(EmulatorError::thread(error))
            }
        }
    }

    /// Shuts down gracefully: accepts nothing new and waits for the requests in flight, up to
    /// [`PEER_TIMEOUT`].
    pub(crate) async fn shutdown(mut self) {
        self.shutdown.send_replace(Shutdown::Graceful);
        if let Some(ended) = self.ended.take() {
            let _ = ended.await;
        }
    }

    /// [`shutdown`](Self::shutdown) for callers that are not async.
    pub(crate) fn shutdown_blocking(mut self) {
        self.shutdown.send_replace(Shutdown::Graceful);
        self.join();
    }

    /// The server's own runtime. Its timers work with any executor that the caller uses.
    pub(crate) const fn runtime(&self) -> &runtime::Handle {
        &self.runtime
    }

    fn join(&mut self) {
        // An observer on the server's thread may drop the last handle; a thread must not join itself.
        if let Some(thread) = self.thread.take().filter(|it| it.thread().id() != thread::current().id()) {
            // The panic hook has already reported a panic of that thread, so the caller does not panic again.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.send_replace(Shutdown::Immediate);
        self.join();
    }
}

/// Registers the listener with `runtime`.
fn register(listener: StdTcpListener, runtime: &Runtime) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    let _entered = runtime.enter();
    TcpListener::from_std(listener)
}

/// Accepts connections until a shutdown is requested, then waits for the open ones.
async fn run(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    state: &State,
    mut shutdown: watch::Receiver<Shutdown>,
) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let for_connections = shutdown.clone();
    tokio::select! {
        biased;
        () = Shutdown::Graceful.requested(&mut shutdown) => {}
        () = accept(&listener, tls, state, &for_connections, &permits) => {}
    }
    drop(listener);
    let all_permits = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
    tokio::select! {
        biased;
        () = Shutdown::Immediate.requested(&mut shutdown) => {}
        _ = timeout(PEER_TIMEOUT, permits.acquire_many(all_permits)) => {}
    }
}

async fn accept(
    listener: &TcpListener,
    tls: Option<TlsAcceptor>,
    state: &State,
    shutdown: &watch::Receiver<Shutdown>,
    permits: &Arc<Semaphore>,
) {
    // Without a permit, further connections wait in the operating system's queue.
    while let Ok(permit) = Arc::clone(permits).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = Connection::new(&stream);
                let served =
                    conversation::serve(stream, connection, tls.clone(), state.clone(), shutdown.clone());
                tokio::spawn(async move {
                    served.await;
                    drop(permit);
                });
            }
            // The peer has closed the connection, or the process is out of descriptors. Both are temporary.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// How many connections may be open at once.
pub(super) const MAX_CONNECTIONS: usize = 256;

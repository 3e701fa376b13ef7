//! [`Server`]: a thread with a runtime of its own that accepts connections until it is told to end.

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

use crate::{
    connection::{Connection, PATIENCE},
    conversation,
    error::EmulatorError,
    phase::{Phase, until},
    state::State,
};

/// A running server. Dropping it closes every socket and waits for the thread.
#[derive(Debug)]
pub(crate) struct Server {
    runtime: runtime::Handle,
    phase: watch::Sender<Phase>,
    ended: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves on `listener`. Needs no runtime of the caller's and does not wait for anything.
    pub(crate) fn start(
        listener: StdTcpListener,
        tls: Option<Arc<ServerConfig>>,
        state: State,
    ) -> Result<Self, EmulatorError> {
        let (phase, watched) = watch::channel(Phase::Serving);
        let (end, ended) = oneshot::channel();
        // The runtime follows once there is a thread to drop it on, which not every caller may do.
        let (hand_over, taken_over) = mpsc::channel::<(Runtime, TcpListener)>();
        let thread = thread::Builder::new()
            .name("cg-auth-emulator".to_owned())
            .spawn(move || {
                if let Ok((runtime, listener)) = taken_over.recv() {
                    runtime.block_on(run(listener, tls.map(TlsAcceptor::from), &state, watched));
                }
                // By now whatever belonged to a connection is gone, since the runtime is.
                let _ = end.send(());
            })
            .map_err(EmulatorError::thread)?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(EmulatorError::thread)?;
        let server =
            Self { runtime: runtime.handle().clone(), phase, ended: Some(ended), thread: Some(thread) };
        match register(listener, &runtime) {
            Ok(listener) => {
                let _ = hand_over.send((runtime, listener));
                Ok(server)
            }
            Err(error) => {
                runtime.shutdown_background();
                drop(hand_over);
                Err(EmulatorError::thread(error))
            }
        }
    }

    /// The server's own runtime, for what a caller without one has to wait for.
    pub(crate) const fn runtime(&self) -> &runtime::Handle {
        &self.runtime
    }

    /// Takes nothing new and waits until what is under way has ended, for [`PATIENCE`] at most.
    pub(crate) async fn shutdown(mut self) {
        self.phase.send_replace(Phase::Draining);
        if let Some(ended) = self.ended.take() {
            let _ = ended.await;
        }
    }

    /// [`shutdown`](Self::shutdown) for callers that may block.
    pub(crate) fn shutdown_blocking(mut self) {
        self.phase.send_replace(Phase::Draining);
        self.join();
    }

    fn join(&mut self) {
        // The last handle may be dropped over there, by a callback that holds it.
        if let Some(thread) = self.thread.take().filter(|it| it.thread().id() != thread::current().id()) {
            // A panic over there has been reported by the panic hook; it must not become one here.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Stopped);
        self.join();
    }
}

/// The listener as one of `runtime`'s.
fn register(listener: StdTcpListener, runtime: &Runtime) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    let _entered = runtime.enter();
    TcpListener::from_std(listener)
}

/// Accepts until the server is to end, then waits for the connections that are left.
async fn run(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    state: &State,
    mut phase: watch::Receiver<Phase>,
) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let passed_on = phase.clone();
    tokio::select! {
        biased;
        () = until(&mut phase, Phase::Draining) => {}
        () = accept(&listener, tls, state, &passed_on, &room) => {}
    }
    drop(listener);
    let everything = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
    tokio::select! {
        biased;
        () = until(&mut phase, Phase::Stopped) => {}
        _ = timeout(PATIENCE, room.acquire_many(everything)) => {}
    }
}

async fn accept(
    listener: &TcpListener,
    tls: Option<TlsAcceptor>,
    state: &State,
    phase: &watch::Receiver<Phase>,
    room: &Arc<Semaphore>,
) {
    let mut number = 0;
    // Beyond the limit, connections wait in the operating system's queue.
    while let Ok(permit) = Arc::clone(room).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                number += 1;
                let connection = Connection::new(number, &stream);
                let served =
                    conversation::serve(stream, connection, tls.clone(), state.clone(), phase.clone());
                tokio::spawn(async move {
                    served.await;
                    drop(permit);
                });
            }
            // The peer has gone already, or the process is out of descriptors: the next moment may be better.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// How many connections are open at once.
const MAX_CONNECTIONS: usize = 256;

#[cfg(test)]
mod tests;

//! [`Shutdown`]: the signal that ends a running server.

use tokio::sync::watch;

/// Which shutdown was requested of a server. A request only ever becomes more urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shutdown {
    /// The server takes connections and requests.
    NotRequested,
    /// The server takes nothing new and finishes the requests in flight.
    Graceful,
    /// The server closes every connection at once.
    Immediate,
}

impl Shutdown {
    /// Waits until this shutdown, or a more urgent one, is requested.
    pub(super) async fn requested(self, watched: &mut watch::Receiver<Self>) {
        // The wait fails only when the server's handle is gone, and then the server has to end too.
        let _ = watched.wait_for(|requested| *requested >= self).await;
    }
}

//! [`Shutdown`]: the signal that ends a running server.

use tokio::sync::watch;

/// The shutdown that was requested of a server. Later requests can only be more urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shutdown {
    /// The server accepts connections and requests.
    NotRequested,
    /// The server accepts nothing new and finishes the requests in flight.
    Graceful,
    /// The server closes every connection immediately.
    Immediate,
}

impl Shutdown {
    /// Waits until this shutdown, or a more urgent one, is requested.
    pub(super) async fn requested(self, watched: &mut watch::Receiver<Self>) {
        // The wait fails only when the server's handle was dropped, and then the server must end too.
        let _ = watched.wait_for(|requested| *requested >= self).await;
    }
}

//! [`Phase`]: how a running server is told to end.

use tokio::sync::watch;

/// What a server is doing. It never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Taking connections and requests.
    Serving,
    /// Ending what is under way.
    Draining,
    /// Nothing more.
    Stopped,
}

/// Waits until the server is in `phase` or beyond it.
pub(crate) async fn until(watched: &mut watch::Receiver<Phase>, phase: Phase) {
    // When nobody is left who could tell, there is nothing to go on for.
    let _ = watched.wait_for(|now| *now >= phase).await;
}

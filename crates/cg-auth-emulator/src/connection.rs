//! [`Connection`]: what is known of a connection.

use std::time::Duration;

use tokio::{
    net::TcpStream,
    sync::{Notify, watch},
    time::sleep,
};

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Its place among all connections, from 1.
    pub(crate) number: u64,
    /// Whether the peer is on this machine.
    pub(crate) is_local: bool,
    /// What was agreed upon in TLS.
    pub(crate) alpn: Option<String>,
    /// Told to close the connection as it is.
    pub(crate) cut: Notify,
    under_way: watch::Sender<usize>,
}

impl Connection {
    pub(crate) fn new(number: u64, stream: &TcpStream) -> Self {
        let is_local = stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
        Self { number, is_local, alpn: None, cut: Notify::new(), under_way: watch::Sender::new(0) }
    }

    /// To be held while a request is being answered.
    pub(crate) fn busy(&self) -> Busy<'_> {
        self.under_way.send_modify(|count| *count += 1);
        Busy(&self.under_way)
    }

    /// Waits until no request has been under way for as long as it takes to send the last answer.
    pub(crate) async fn idle(&self) {
        let mut under_way = self.under_way.subscribe();
        loop {
            // The sender is `self`'s, so this ends only as it should.
            let _ = under_way.wait_for(|count| *count == 0).await;
            sleep(LAST_ANSWER).await;
            if *under_way.borrow() == 0 {
                return;
            }
        }
    }
}

/// A request that is under way, until this is dropped.
#[derive(Debug)]
pub(crate) struct Busy<'a>(&'a watch::Sender<usize>);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// How long a peer may take to say something: a first request, the next headers, a whole body.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long it takes, generously, until the system has an answer that was given to the HTTP library.
const LAST_ANSWER: Duration = Duration::from_millis(200);

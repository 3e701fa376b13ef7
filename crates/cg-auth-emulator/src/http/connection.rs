//! [`Connection`]: what is known of a connection, and what goes on there.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    sync::{Notify, watch},
    time::timeout,
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
    activity: watch::Sender<Activity>,
}

/// What is under way on a connection.
#[derive(Debug, Default)]
struct Activity {
    /// Requests that are being read or thought about. Each ends by itself.
    answering: usize,
    /// Answers of which the HTTP library has not taken everything. They end if the peer wants them to.
    sending: usize,
    /// Whether the socket does not take what is to be written.
    is_stuck: bool,
}

impl Connection {
    pub(crate) fn new(number: u64, stream: &TcpStream) -> Self {
        let is_local = stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
        Self { number, is_local, alpn: None, cut: Notify::new(), activity: watch::Sender::default() }
    }

    /// To be held while a request is being answered.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.activity.send_modify(|activity| activity.answering += 1);
        Busy { connection: Arc::clone(self), is_sending: false }
    }

    /// Notes whether the socket takes what is to be written.
    pub(crate) fn stuck(&self, is_stuck: bool) {
        self.activity
            .send_if_modified(|activity| std::mem::replace(&mut activity.is_stuck, is_stuck) != is_stuck);
    }

    /// Waits until nothing has been under way for as long as it takes to send the last answer.
    pub(crate) async fn idle(&self) {
        let nothing = |it: &Activity| it.answering == 0 && it.sending == 0 && !it.is_stuck;
        self.unchanged_for(LAST_ANSWER, nothing).await;
    }

    /// Waits until the peer has neither asked nor taken anything for [`PATIENCE`] while it was its turn.
    pub(crate) async fn silent(&self) {
        self.unchanged_for(PATIENCE, |it| it.answering == 0).await;
    }

    /// Waits until the activity has been `quiet`, and has not changed at all, for so `long`.
    async fn unchanged_for(&self, long: Duration, quiet: impl Fn(&Activity) -> bool) {
        let mut activity = self.activity.subscribe();
        loop {
            // The sender is `self`'s, so neither wait ends for want of one.
            let _ = activity.wait_for(&quiet).await;
            if timeout(long, activity.changed()).await.is_err() {
                return;
            }
        }
    }
}

/// A request that is under way, until this is dropped.
#[derive(Debug)]
pub(crate) struct Busy {
    connection: Arc<Connection>,
    is_sending: bool,
}

impl Busy {
    /// The answer is there, and the rest is up to the peer.
    pub(crate) fn sending(mut self) -> Self {
        self.is_sending = true;
        self.connection.activity.send_modify(|activity| {
            activity.answering -= 1;
            activity.sending += 1;
        });
        self
    }

    /// The peer has made room for some more of the answer.
    pub(crate) fn moved(&self) {
        self.connection.activity.send_modify(|_| ());
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.connection.activity.send_modify(|activity| {
            let count = if self.is_sending { &mut activity.sending } else { &mut activity.answering };
            *count -= 1;
        });
    }
}

/// How long a peer may take to say something: a request, a whole body; or to take something.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long it takes, generously, until the system has an answer that was given to the HTTP library.
const LAST_ANSWER: Duration = Duration::from_millis(200);

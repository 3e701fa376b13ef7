//! [`Connection`]: an accepted connection, and which requests are in flight on it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    net::TcpStream,
    sync::{Notify, watch},
    time::timeout,
};

use super::disturbance::{Disturbance, Plan};
use crate::request_log::ConnectionNumber;

/// An accepted connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) number: ConnectionNumber,
    /// Whether the peer is on this machine.
    pub(super) is_local: bool,
    /// The protocol that the TLS handshake negotiated.
    pub(super) alpn: Option<String>,
    /// A notification closes the connection without finishing its requests.
    pub(super) abort: Notify,
    activity: watch::Sender<Activity>,
    faults: Mutex<Faults>,
    /// Whether a peer waits for an answer that a script withholds.
    is_waiting: AtomicBool,
}

/// What scripts do to a connection below HTTP.
#[derive(Debug, Default)]
struct Faults {
    /// How many disturbances the connection has seen.
    count: u32,
    /// The disturbances whose streams are still unknown, by the marker that leads to the stream.
    disturbances: HashMap<u32, Disturbance>,
    /// What is to be written once the HTTP library has left the connection.
    plan: Option<Plan>,
}

/// What is in flight on a connection.
#[derive(Debug, Default)]
struct Activity {
    /// Requests that the emulator is reading or answering. Each ends without any action of the peer.
    answering: usize,
    /// Answers that the HTTP library has not consumed completely. Each ends only when the peer reads.
    sending: usize,
    /// Whether a write to the socket is blocked because the peer does not read.
    is_write_blocked: bool,
}

impl Connection {
    pub(super) fn new(stream: &TcpStream) -> Self {
        let is_local = stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
        Self {
            number: ConnectionNumber::default(),
            is_local,
            alpn: None,
            abort: Notify::new(),
            activity: watch::Sender::default(),
            faults: Mutex::default(),
            is_waiting: AtomicBool::new(false),
        }
    }

    /// Keeps a disturbance until its stream is known, and returns the marker: the error code of the
    /// `RST_STREAM` that the HTTP library shall send, from which the stream is learned.
    pub(super) fn mark(&self, disturbance: Disturbance) -> u32 {
        let mut faults = self.faults();
        let marker = MARKERS | (faults.count & !MARKERS);
        faults.count = faults.count.wrapping_add(1);
        faults.disturbances.insert(marker, disturbance);
        marker
    }

    /// The disturbance with this marker.
    pub(super) fn take_disturbance(&self, marker: u32) -> Option<Disturbance> {
        self.faults().disturbances.remove(&marker)
    }

    /// Ends the HTTP library's part of the connection and lets `plan` be played.
    pub(super) fn take_over(&self, plan: Plan) {
        self.faults().plan = Some(plan);
        self.abort.notify_one();
    }

    pub(super) fn take_plan(&self) -> Option<Plan> {
        self.faults().plan.take()
    }

    /// From now on the peer waits for an answer that never comes, which is no silence of the peer.
    pub(super) fn withhold_answer(&self) {
        self.is_waiting.store(true, Relaxed);
        self.activity.send_modify(|_| ());
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request as in flight until the returned value is dropped.
    pub(super) fn begin_request(self: &Arc<Self>) -> ActiveRequest {
        self.activity.send_modify(|activity| activity.answering += 1);
        ActiveRequest { connection: Arc::clone(self), is_sending: false }
    }

    /// Records whether a write to the socket is blocked.
    pub(super) fn set_write_blocked(&self, is_blocked: bool) {
        self.activity.send_if_modified(|activity| {
            std::mem::replace(&mut activity.is_write_blocked, is_blocked) != is_blocked
        });
    }

    /// Waits until nothing has been in flight for [`LAST_ANSWER`].
    pub(super) async fn wait_until_idle(&self) {
        let is_idle = |it: &Activity| it.answering == 0 && it.sending == 0 && !it.is_write_blocked;
        self.wait_until_unchanged_for(LAST_ANSWER, is_idle).await;
    }

    /// Waits until the peer has been silent for [`PEER_TIMEOUT`]: no request is being answered, and the peer
    /// has neither sent a request nor read part of an answer.
    pub(super) async fn wait_until_peer_is_silent(&self) {
        self.wait_until_unchanged_for(PEER_TIMEOUT, |it| it.answering == 0).await;
    }

    /// Waits until the activity has fulfilled `condition` for `duration` without any change.
    async fn wait_until_unchanged_for(&self, duration: Duration, condition: impl Fn(&Activity) -> bool) {
        let mut activity = self.activity.subscribe();
        loop {
            // Neither wait can fail, because `self` owns the sender.
            let _ = activity.wait_for(&condition).await;
            let withheld = self.is_waiting.load(Relaxed) && duration == PEER_TIMEOUT;
            let duration = if withheld { LONGEST } else { duration };
            if timeout(duration, activity.changed()).await.is_err() {
                return;
            }
        }
    }
}

/// A request in flight, from its head until its answer is sent.
#[derive(Debug)]
pub(super) struct ActiveRequest {
    connection: Arc<Connection>,
    is_sending: bool,
}

impl ActiveRequest {
    /// Records that the answer is ready, so that progress now depends on the peer.
    pub(super) fn into_sending(mut self) -> Self {
        self.is_sending = true;
        self.connection.activity.send_modify(|activity| {
            activity.answering -= 1;
            activity.sending += 1;
        });
        self
    }

    /// Records that the peer has accepted another part of the answer.
    pub(super) fn made_progress(&self) {
        self.connection.activity.send_modify(|_| ());
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.connection.activity.send_modify(|activity| {
            let count = if self.is_sending { &mut activity.sending } else { &mut activity.answering };
            *count -= 1;
        });
    }
}

/// How long a peer may take to send a request or a whole body, or to read part of an answer.
pub(super) const PEER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a fault may take.
pub(super) const LONGEST: Duration = Duration::from_secs(600);
/// The bits that tell a marker from an error code of HTTP/2.
pub(super) const MARKERS: u32 = 0xFA17_0000;
/// A generous limit for the time in which the HTTP library passes its last answer to the operating system.
const LAST_ANSWER: Duration = Duration::from_millis(200);

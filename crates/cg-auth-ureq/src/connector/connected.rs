//! [`Connected`]: a TCP connection that threads share to read, watch and cancel it.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cg_auth_core::time::Now;

use super::deadline::Deadline;

/// A TCP connection. Dropping its [`Connection`](super::Connection) shuts it down.
///
/// While the connection is idle, a thread watches it: the thread waits for bytes and leaves them in the socket.
/// All readers share the socket's one timeout, which the watcher sets, so a read of an exchange repeats after it.
#[derive(Debug)]
pub(crate) struct Connected {
    socket: TcpStream,
    /// When connecting must be done; `None` afterwards.
    deadline: Mutex<Option<Deadline>>,
    pause: Duration,
    has_sent: AtomicBool,
    usage: Mutex<Usage>,
    changed: Condvar,
}

#[derive(Debug)]
struct Usage {
    state: State,
    is_watched: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    InUse,
    Idle { since: Now },
    Over,
}

impl Connected {
    pub(super) fn new(socket: TcpStream, deadline: Deadline, pause: Duration) -> Self {
        Self {
            socket,
            deadline: Mutex::new(Some(deadline)),
            pause: pause.clamp(USUAL_PAUSE, LONGEST_PAUSE),
            has_sent: AtomicBool::new(false),
            usage: Mutex::new(Usage { state: State::InUse, is_watched: false }),
            changed: Condvar::new(),
        }
    }

    /// Ends the connecting phase. From here on only a cancellation ends a read or a write early.
    pub(super) fn begin_exchanges(&self) -> io::Result<()> {
        *lock(&self.deadline) = None;
        self.socket.set_write_timeout(None)?;
        self.socket.set_read_timeout(Some(self.pause))?;
        self.has_sent.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a byte has been handed to the operating system since the last call.
    pub(crate) fn take_has_sent(&self) -> bool {
        self.has_sent.swap(false, Ordering::Relaxed)
    }

    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let deadline = *lock(&self.deadline);
            if let Some(deadline) = deadline {
                self.socket.set_read_timeout(Some(deadline.left()?))?;
            }
            match (&self.socket).read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) && deadline.is_some() => {
                    return Err(ErrorKind::TimedOut.into());
                }
                Err(error) if is_timeout(&error) => self.socket.set_read_timeout(Some(self.pause))?,
                result => return result,
            }
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let deadline = *lock(&self.deadline);
        if let Some(deadline) = deadline {
            self.socket.set_write_timeout(Some(deadline.left()?))?;
        }
        loop {
            match (&self.socket).write(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(ErrorKind::TimedOut.into()),
                Err(error) => return Err(error),
                Ok(written) => {
                    self.has_sent.fetch_or(written > 0, Ordering::Relaxed);
                    return Ok(written);
                }
            }
        }
    }

    /// Makes reads and writes return at once, for a connection that is about to end.
    pub(super) fn stop_blocking(&self) {
        // If this fails, sending the last bytes may block until the peer takes them.
        let _ = self.socket.set_nonblocking(true);
    }

    /// Ends the connection, which wakes a thread that is blocked on it.
    pub(crate) fn shut_down(&self) {
        // An error means that it has ended already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Whether the peer has neither ended the connection nor sent anything. Only for an idle connection.
    pub(crate) fn is_open(&self) -> bool {
        let peeked = self
            .socket
            .set_nonblocking(true)
            .and_then(|()| self.socket.peek(&mut [0]))
            .is_err_and(|error| is_timeout(&error));
        self.socket.set_nonblocking(false).is_ok() && peeked
    }

    /// The connection waits for a request. Returns whether a thread watches it already; if not, the caller does.
    pub(crate) fn become_idle(&self, since: Now) -> bool {
        let mut usage = lock(&self.usage);
        usage.state = State::Idle { since };
        self.changed.notify_all();
        std::mem::replace(&mut usage.is_watched, true)
    }

    /// An exchange takes the connection.
    pub(crate) fn become_used(&self) {
        lock(&self.usage).state = State::InUse;
    }

    /// Nothing uses the connection any more.
    pub(super) fn end(&self) {
        lock(&self.usage).state = State::Over;
        self.changed.notify_all();
        self.shut_down();
    }

    /// How long the connection has been idle; `None` if it is in use.
    pub(crate) fn idle_time(&self) -> Option<Duration> {
        match lock(&self.usage).state {
            State::Idle { since } => Some(Now::system().saturating_since(since)),
            State::InUse | State::Over => None,
        }
    }

    /// Blocks while the connection is in use. Then blocks until the peer ends it or `limit` has passed since it
    /// became idle; it may return earlier. Returns false once the connection is over.
    pub(crate) fn wait_for_end(&self, limit: Duration) -> bool {
        let usage = lock(&self.usage);
        let usage = self
            .changed
            .wait_while(usage, |usage| matches!(usage.state, State::InUse))
            .unwrap_or_else(PoisonError::into_inner);
        let State::Idle { since } = usage.state else { return false };
        let left = limit.saturating_sub(Now::system().saturating_since(since));
        drop(usage);
        if !left.is_zero() {
            let timeout = self.socket.set_read_timeout(Some(left.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)));
            // The caller checks the connection, whatever ended the wait.
            let _ = timeout.and_then(|()| self.socket.peek(&mut [0]));
        }
        true
    }
}

/// Unix and Windows have different kinds for a read that ran into the timeout of its socket.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A socket's timeout of zero would mean none.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const USUAL_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

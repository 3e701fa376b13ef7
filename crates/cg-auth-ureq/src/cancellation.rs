//! [`Cancellation`]: ends an exchange whose caller has dropped the call.

use std::{
    io,
    net::{Shutdown, SocketAddr},
    sync::{Arc, Mutex, PoisonError, mpsc::Sender},
};

use socket2::Socket;

use crate::connector::Connected;

/// Ends what the thread of an exchange is blocked on. The thread notes that before it blocks.
#[derive(Debug, Default)]
pub(crate) struct Cancellation {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_cancelled: bool,
    blocked_on: Option<BlockedOn>,
}

/// What the thread of an exchange waits for.
#[derive(Debug)]
pub(crate) enum BlockedOn {
    /// The addresses of a name. A message without addresses ends the wait.
    LookUp(Sender<Option<io::Result<Vec<SocketAddr>>>>),
    /// A TCP connection that is being opened.
    Connecting(Socket),
    /// An open connection.
    Connected(Arc<Connected>),
}

impl Cancellation {
    /// Notes what the thread blocks on next, in place of what it noted before.
    ///
    /// # Errors
    /// The exchange has been cancelled.
    pub(crate) fn before(&self, blocked_on: BlockedOn) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_cancelled {
            return Err(io::Error::other("the call was given up"));
        }
        state.blocked_on = Some(blocked_on);
        Ok(())
    }

    /// Ends the exchange. An open connection is shut down, so that a blocked thread returns from it.
    pub(crate) fn cancel(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_cancelled = true;
        // An error means that the peer or the thread has ended the connection already.
        match state.blocked_on.take() {
            None => {}
            Some(BlockedOn::LookUp(waiting)) => drop(waiting.send(None)),
            Some(BlockedOn::Connecting(socket)) => drop(socket.shutdown(Shutdown::Both)),
            Some(BlockedOn::Connected(connected)) => connected.shut_down(),
        }
    }

    /// Ends the time in which [`cancel`](Self::cancel) has an effect. Returns false if the exchange has been
    /// cancelled; its connection is then unusable.
    pub(crate) fn is_over(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.blocked_on = None;
        !state.is_cancelled
    }
}

//! [`SharedConnection`]: the one connection of a store. An operation that needs it opens it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cg_auth_core::{time::Now, token::store::StoreError};
use tokio::{runtime::Handle, sync::watch};

use crate::{
    back_off::BackOff,
    connector::{CONNECT_LIMIT, Connection, Connector},
    failure::Failure,
    server_clock::ServerClock,
};

/// Opens the connection when an operation needs it, and again after it was lost.
pub(super) struct SharedConnection {
    connector: Arc<Connector>,
    state: Arc<Mutex<State>>,
    /// `None` for the runtime of the operation that opens a connection.
    runtime: Option<Handle>,
}

/// An open connection.
#[derive(Clone)]
pub(super) struct OpenConnection {
    /// Counts the attempts to connect, so that an operation loses only the connection that it has used.
    pub(super) number: u64,
    pub(super) connection: Connection,
    has_replied: Arc<AtomicBool>,
    /// Another connection may lead to another server, with another clock.
    pub(super) clock: Arc<ServerClock>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    back_off: BackOff,
    /// The number of the last attempt to connect, and of its connection.
    number: u64,
}

enum Phase {
    /// With the failure that caused the back-off.
    Closed(Option<StoreError>),
    Connecting(Attempt),
    Open(OpenConnection),
}

#[derive(Clone)]
struct Attempt {
    /// The attempt holds the sender, so the channel closes when the attempt ends, or its runtime.
    end: watch::Receiver<()>,
    /// When operations give it up, by the monotonic clock: its runtime may stand still.
    given_up: Duration,
}

/// What an operation that needs the connection does next.
enum Step {
    Use(OpenConnection),
    Wait(watch::Receiver<()>),
}

impl SharedConnection {
    pub(super) fn new(connector: Connector, runtime: Option<Handle>) -> Self {
        Self { connector: Arc::new(connector), state: Arc::default(), runtime }
    }

    /// Host and port.
    pub(super) fn address(&self) -> String {
        self.connector.address()
    }

    /// The open connection. It waits for the attempt to connect, and begins one if there is none.
    pub(super) async fn get(&self) -> Result<OpenConnection, StoreError> {
        // The first attempt may end with a runtime of another thread, the second one is this operation's.
        for _ in 0..3 {
            match self.next_step()? {
                Step::Use(connection) => return Ok(connection),
                Step::Wait(mut end) => {
                    let _ = end.changed().await;
                }
            }
        }
        Err(StoreError::new(Failure::new("the tokio runtime of the connection is shut down")))
    }

    /// Notes that the server has replied over `open`, which ends the back-off.
    pub(super) fn note_reply(&self, open: &OpenConnection) {
        open.has_replied.store(true, Ordering::Relaxed);
        self.state().back_off.reset();
    }

    /// Closes the connection `number`, unless that has happened.
    pub(super) fn lose(&self, number: u64, error: &StoreError) {
        let mut state = self.state();
        let Phase::Open(open) = &state.phase else { return };
        if open.number != number {
            return;
        }
        if !open.has_replied() {
            state.back_off.fail(now());
        }
        // The task of the connection is the library's, and ends without the lock.
        let lost = std::mem::replace(&mut state.phase, Phase::Closed(Some(error.clone())));
        drop(state);
        drop(lost);
    }

    fn next_step(&self) -> Result<Step, StoreError> {
        let mut state = self.state();
        match &state.phase {
            Phase::Open(connection) => return Ok(Step::Use(connection.clone())),
            Phase::Connecting(attempt) if attempt.is_under_way() => {
                return Ok(Step::Wait(attempt.end.clone()));
            }
            Phase::Closed(Some(error)) if !state.back_off.is_over(now()) => return Err(error.clone()),
            Phase::Closed(_) | Phase::Connecting(_) => {}
        }
        let runtime = self.runtime()?;
        let (sender, end) = watch::channel(());
        state.number += 1;
        let number = state.number;
        let given_up = now().saturating_add(CONNECT_LIMIT + GRACE);
        state.phase = Phase::Connecting(Attempt { end: end.clone(), given_up });
        drop(state);
        let (connector, state) = (Arc::clone(&self.connector), Arc::clone(&self.state));
        runtime.spawn(async move {
            let outcome = connector.connect().await;
            let too_late = lock(&state).finish(number, outcome);
            drop(too_late);
            drop(sender);
        });
        Ok(Step::Wait(end))
    }

    fn runtime(&self) -> Result<Handle, StoreError> {
        let none = "a store on Redis works within a tokio runtime; name one with RedisStore::with_runtime";
        let current = || Handle::try_current().map_err(|_| StoreError::new(Failure::new(none)));
        self.runtime.clone().map_or_else(current, Ok)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl OpenConnection {
    /// Whether the server has replied over this connection. One that is lost before shows a fault of the server.
    pub(super) fn has_replied(&self) -> bool {
        self.has_replied.load(Ordering::Relaxed)
    }
}

impl State {
    /// Ends the attempt `number`. Returns the outcome of one that was given up, to be dropped without the lock.
    #[must_use]
    fn finish(
        &mut self,
        number: u64,
        outcome: Result<Connection, StoreError>,
    ) -> Option<Result<Connection, StoreError>> {
        if number != self.number {
            return Some(outcome);
        }
        self.phase = match outcome {
            Ok(connection) => {
                let (has_replied, clock) = (Arc::default(), Arc::default());
                Phase::Open(OpenConnection { number, connection, has_replied, clock })
            }
            Err(error) => {
                self.back_off.fail(now());
                Phase::Closed(Some(error))
            }
        };
        None
    }
}

impl Attempt {
    fn is_under_way(&self) -> bool {
        self.end.has_changed().is_ok() && now() < self.given_up
    }
}

impl Default for Phase {
    fn default() -> Self {
        Self::Closed(None)
    }
}

/// A reading of the monotonic clock.
pub(super) fn now() -> Duration {
    Now::system().monotonic()
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long after its limit an attempt may still end by itself.
const GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;

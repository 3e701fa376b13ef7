//! [`Link`]: the one connection of a store, which is opened when an operation needs it.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cg_auth_core::{time::Now, token::store::StoreError};
use redis::{Cmd, Value};
use tokio::{runtime::Handle, sync::watch};

use crate::{
    back_off::BackOff,
    connector::{Connection, Connector},
    failure::{Failure, lost, refused},
    limit::within,
    script::Script,
};

/// Runs commands over the connection.
pub(crate) struct Link {
    connector: Arc<Connector>,
    state: Arc<Mutex<State>>,
    limit: Duration,
}

#[derive(Default)]
struct State {
    phase: Phase,
    back_off: BackOff,
    /// The number of the last connection.
    number: u64,
}

enum Phase {
    /// With the failure that the back-off is for.
    Closed(Option<StoreError>),
    /// The attempt holds the sender, so the channel closes when the attempt ends, or its runtime.
    Connecting(watch::Receiver<()>),
    Open(Numbered),
}

#[derive(Clone)]
struct Numbered {
    number: u64,
    connection: Connection,
    has_replied: Arc<AtomicBool>,
}

impl Link {
    /// A link whose operations take `limit` at most.
    pub(crate) fn new(connector: Connector, limit: Duration) -> Self {
        Self { connector: Arc::new(connector), state: Arc::default(), limit }
    }

    /// The reply of `script`, which the server runs as a whole.
    pub(crate) async fn run(
        &self,
        script: &Script,
        key: &str,
        arguments: &[Vec<u8>],
    ) -> Result<Value, StoreError> {
        self.limited(async |used| {
            let reply = self.exchange(&script.by_hash(key, arguments), used).await?;
            match reply {
                Value::ServerError(error) if error.code() == "NOSCRIPT" => {
                    self.exchange(&script.by_text(key, arguments), used).await
                }
                reply => Ok(reply),
            }
        })
        .await
    }

    /// The reply to `command`.
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, StoreError> {
        self.limited(async |used| self.exchange(command, used).await).await
    }

    /// A server that does not answer loses its connection, and with it everything that waits in there.
    async fn limited(
        &self,
        operation: impl AsyncFnOnce(&AtomicU64) -> Result<Value, StoreError>,
    ) -> Result<Value, StoreError> {
        let used = AtomicU64::new(0);
        let address = self.connector.address();
        match within(self.limit, operation(&used)).await {
            Some(Ok(Value::ServerError(error))) => Err(refused(&error, &address)),
            Some(outcome) => outcome,
            None => {
                let limit = self.limit;
                let error =
                    Failure::new(format!("the Redis server {address} did not answer within {limit:?}"));
                let error = StoreError::new(error);
                self.lose(used.into_inner(), &error);
                Err(error)
            }
        }
    }

    /// Sends `command`, and once more if the connection turns out to be an old one that is lost. Every command of a
    /// store can be repeated.
    async fn exchange(&self, command: &Cmd, used: &AtomicU64) -> Result<Value, StoreError> {
        loop {
            let Numbered { number, mut connection, has_replied } = self.connection().await?;
            used.store(number, Ordering::Relaxed);
            let error = match connection.redis.send_packed_command(command).await {
                Ok(reply) => {
                    has_replied.store(true, Ordering::Relaxed);
                    self.state().back_off.reset();
                    return Ok(reply);
                }
                Err(error) => StoreError::new(lost(&error, &self.connector.address())),
            };
            self.lose(number, &error);
            if !has_replied.load(Ordering::Relaxed) {
                return Err(error);
            }
        }
    }

    async fn connection(&self) -> Result<Numbered, StoreError> {
        // The first attempt may end with a runtime of another thread, the second one is this operation's.
        for _ in 0..3 {
            match self.next_step()? {
                Step::Use(connection) => return Ok(connection),
                Step::Wait(mut attempt) => {
                    let _ = attempt.changed().await;
                }
            }
        }
        Err(StoreError::new(Failure::new("the tokio runtime of the connection is shut down")))
    }

    fn next_step(&self) -> Result<Step, StoreError> {
        let mut state = self.state();
        match &state.phase {
            Phase::Open(connection) => return Ok(Step::Use(connection.clone())),
            Phase::Connecting(attempt) if attempt.has_changed().is_ok() => {
                return Ok(Step::Wait(attempt.clone()));
            }
            Phase::Closed(Some(error)) if !state.back_off.is_over(now()) => return Err(error.clone()),
            Phase::Closed(_) | Phase::Connecting(_) => {}
        }
        let no_runtime =
            |_| StoreError::new(Failure::new("a store on Redis works within a tokio runtime only"));
        let runtime = Handle::try_current().map_err(no_runtime)?;
        let (sender, attempt) = watch::channel(());
        state.phase = Phase::Connecting(attempt.clone());
        drop(state);
        let (connector, state) = (Arc::clone(&self.connector), Arc::clone(&self.state));
        runtime.spawn(async move {
            let outcome = connector.connect().await;
            lock(&state).finish(outcome);
            drop(sender);
        });
        Ok(Step::Wait(attempt))
    }

    /// Closes the connection `number`, unless that has happened.
    fn lose(&self, number: u64, error: &StoreError) {
        let mut state = self.state();
        let Phase::Open(open) = &state.phase else { return };
        if open.number != number {
            return;
        }
        if !open.has_replied.load(Ordering::Relaxed) {
            state.back_off.fail(now());
        }
        // The task of the connection is the library's, and ends without the lock.
        let lost = std::mem::replace(&mut state.phase, Phase::Closed(Some(error.clone())));
        drop(state);
        drop(lost);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

enum Step {
    Use(Numbered),
    Wait(watch::Receiver<()>),
}

impl State {
    fn finish(&mut self, outcome: Result<Connection, StoreError>) {
        self.phase = match outcome {
            Ok(connection) => {
                self.number += 1;
                Phase::Open(Numbered { number: self.number, connection, has_replied: Arc::default() })
            }
            Err(error) => {
                self.back_off.fail(now());
                Phase::Closed(Some(error))
            }
        };
    }
}

impl Default for Phase {
    fn default() -> Self {
        Self::Closed(None)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> Duration {
    Now::system().monotonic()
}

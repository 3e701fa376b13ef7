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
use redis::{Cmd, RedisError, ServerError, Value, cmd};
use tokio::{runtime::Handle, sync::watch};

use crate::{
    back_off::BackOff,
    connector::{CONNECT_LIMIT, Connection, Connector},
    failure::{Failure, lost, refused},
    limit::within,
    reply::{self, Answer},
    script::Script,
    server_clock::{ServerClock, Span},
};

/// Runs commands over the connection.
pub(crate) struct Link {
    connector: Arc<Connector>,
    state: Arc<Mutex<State>>,
    limit: Duration,
    /// `None` for the runtime of the operation that opens a connection.
    runtime: Option<Handle>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    back_off: BackOff,
    /// The number of the last attempt to connect, and of its connection.
    number: u64,
}

enum Phase {
    /// With the failure that the back-off is for.
    Closed(Option<StoreError>),
    Connecting(Attempt),
    Open(Numbered),
}

#[derive(Clone)]
struct Attempt {
    /// The attempt holds the sender, so the channel closes when the attempt ends, or its runtime.
    end: watch::Receiver<()>,
    /// When it is given up, by the monotonic clock: its runtime may stand still.
    given_up: Duration,
}

#[derive(Clone)]
struct Numbered {
    number: u64,
    connection: Connection,
    has_replied: Arc<AtomicBool>,
    /// Another server may stand at the other end of another connection.
    clock: Arc<ServerClock>,
}

/// Why there is no answer, although the connection is good.
enum Refusal {
    Server(ServerError),
    Other(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

impl Link {
    /// A link whose operations take `limit` at most, and whose connections live on `runtime`.
    pub(crate) fn new(connector: Connector, limit: Duration, runtime: Option<Handle>) -> Self {
        Self { connector: Arc::new(connector), state: Arc::default(), limit, runtime }
    }

    /// The answer of `script`, which the server runs as a whole, or not at all once the operation is over.
    pub(crate) async fn run(
        &self,
        script: &Script,
        key: &str,
        arguments: &[Vec<u8>],
    ) -> Result<Value, StoreError> {
        let began = now();
        self.limited(async |used| {
            // The clock of the server may have been set since its last reply. The refusal says what it shows.
            for _ in 0..TRIES {
                let answer = self.answer(script, key, arguments, began, used).await?;
                if let Some(value) = answer.value {
                    return Ok(value);
                }
            }
            let address = self.connector.address();
            let text = format!("the Redis server {address} was asked too late, or its clock jumps");
            Err(StoreError::new(Failure::new(text)))
        })
        .await
    }

    async fn answer(
        &self,
        script: &Script,
        key: &str,
        arguments: &[Vec<u8>],
        began: Duration,
        used: &AtomicU64,
    ) -> Result<Answer, StoreError> {
        let by_hash = |span| script.by_hash(key, span, arguments);
        match self.exchange(by_hash, began, used).await {
            Err(Refusal::Server(error)) if error.code() == "NOSCRIPT" => {
                let by_text = |span| script.by_text(key, span, arguments);
                self.exchange(by_text, began, used).await
            }
            answer => answer,
        }
        .map_err(|refusal| match refusal {
            Refusal::Server(error) => refused(&error, &self.connector.address()),
            Refusal::Other(error) => error,
        })
    }

    /// A server that does not answer loses its connection, and with it everything that waits in there.
    async fn limited(
        &self,
        operation: impl AsyncFnOnce(&AtomicU64) -> Result<Value, StoreError>,
    ) -> Result<Value, StoreError> {
        let used = AtomicU64::new(0);
        let address = self.connector.address();
        match within(self.limit, operation(&used)).await {
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

    /// Sends the command for the span of the operation, and once more if the connection turns out to be an old one that
    /// is lost. Every operation of a store can be repeated. A new one that is lost at once is the server's answer.
    async fn exchange(
        &self,
        command: impl Fn(Span) -> Cmd,
        began: Duration,
        used: &AtomicU64,
    ) -> Result<Answer, Refusal> {
        loop {
            let open = self.connection().await?;
            used.store(open.number, Ordering::Relaxed);
            let is_old = open.has_replied.load(Ordering::Relaxed);
            let error = match self.exchange_over(&open, &command, began).await {
                Ok(answer) => return answer,
                Err(error) => {
                    StoreError::new(lost(&error, &open.connection.greeting, &self.connector.address()))
                }
            };
            self.lose(open.number, &error);
            if !is_old {
                return Err(error.into());
            }
        }
    }

    /// Fails if the connection is lost.
    async fn exchange_over(
        &self,
        open: &Numbered,
        command: impl Fn(Span) -> Cmd,
        began: Duration,
    ) -> Result<Result<Answer, Refusal>, RedisError> {
        let span = match open.clock.span(began, self.limit) {
            Some(span) => span,
            None => {
                let sent = now();
                let read = |reply| Ok(reply::time(&reply)?);
                match self.reply(open, &cmd("TIME")).await?.and_then(read) {
                    Ok(time) => open.clock.learn(time, sent, now()),
                    Err(refusal) => return Ok(Err(refusal)),
                }
                open.clock.span(began, self.limit).unwrap_or(Span { began: 0, deadline: 0 })
            }
        };
        let sent = now();
        let answer = self.reply(open, &command(span)).await?;
        Ok(answer.and_then(|reply| Ok(reply::answer(reply)?)).inspect(|answer| {
            open.clock.learn(answer.now, sent, now());
        }))
    }

    async fn reply(&self, open: &Numbered, command: &Cmd) -> Result<Result<Value, Refusal>, RedisError> {
        let reply = open.connection.redis.clone().send_packed_command(command).await?;
        open.has_replied.store(true, Ordering::Relaxed);
        self.state().back_off.reset();
        Ok(match reply {
            Value::ServerError(error) => Err(Refusal::Server(error)),
            reply => Ok(reply),
        })
    }

    async fn connection(&self) -> Result<Numbered, StoreError> {
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
        let none = "a store on Redis works within a tokio runtime, or with one that with_runtime names";
        let current = || Handle::try_current().map_err(|_| StoreError::new(Failure::new(none)));
        self.runtime.clone().map_or_else(current, Ok)
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
                Phase::Open(Numbered { number, connection, has_replied, clock })
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

/// How often a script is sent that the server finds too late.
const TRIES: usize = 2;
/// What an attempt that is driven needs at most to notice its own limit.
const GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;

//! [`Link`]: sends the operations of a store to the server, over one connection that they share.

mod shared_connection;

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use cg_auth_core::token::store::StoreError;
use redis::{Cmd, RedisError, ServerError, Value, cmd};
use tokio::runtime::Handle;

use self::shared_connection::{OpenConnection, SharedConnection, now};
use crate::{
    connector::Connector,
    failure::{Failure, lost, refused},
    limit::within,
    reply::{self, Answer},
    script::Script,
    server_clock::Span,
};

/// Runs scripts over the shared connection.
pub(crate) struct Link {
    connection: SharedConnection,
    limit: Duration,
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
        Self { connection: SharedConnection::new(connector, runtime), limit }
    }

    /// The answer of `script`. The server runs it as a whole, or not at all once the operation is over.
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
            let address = self.connection.address();
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
            Refusal::Server(error) => refused(&error, &self.connection.address()),
            Refusal::Other(error) => error,
        })
    }

    /// The outcome of `operation` within the limit. If the server does not answer in time, the connection is closed,
    /// so that the server does not run what still waits in it.
    async fn limited(
        &self,
        operation: impl AsyncFnOnce(&AtomicU64) -> Result<Value, StoreError>,
    ) -> Result<Value, StoreError> {
        let used = AtomicU64::new(0);
        let address = self.connection.address();
        match within(self.limit, operation(&used)).await {
            Some(outcome) => outcome,
            None => {
                let limit = self.limit;
                let error =
                    Failure::new(format!("the Redis server {address} did not answer within {limit:?}"));
                let error = StoreError::new(error);
                self.connection.lose(used.into_inner(), &error);
                Err(error)
            }
        }
    }

    /// Sends the command for the span of the operation. If an old connection turns out to be lost, it sends the command
    /// once more over a new one, because every operation of a store can be repeated.
    async fn exchange(
        &self,
        command: impl Fn(Span) -> Cmd,
        began: Duration,
        used: &AtomicU64,
    ) -> Result<Answer, Refusal> {
        loop {
            let open = self.connection.get().await?;
            used.store(open.number, Ordering::Relaxed);
            let is_old = open.has_replied();
            let error = match self.exchange_over(&open, &command, began).await {
                Ok(answer) => return answer,
                Err(error) => {
                    StoreError::new(lost(&error, &open.connection.greeting, &self.connection.address()))
                }
            };
            self.connection.lose(open.number, &error);
            if !is_old {
                return Err(error.into());
            }
        }
    }

    /// Fails if the connection is lost.
    async fn exchange_over(
        &self,
        open: &OpenConnection,
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

    async fn reply(
        &self,
        open: &OpenConnection,
        command: &Cmd,
    ) -> Result<Result<Value, Refusal>, RedisError> {
        let reply = open.connection.redis.clone().send_packed_command(command).await?;
        self.connection.note_reply(open);
        Ok(match reply {
            Value::ServerError(error) => Err(Refusal::Server(error)),
            reply => Ok(reply),
        })
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// How often a script is sent that the server finds too late.
const TRIES: usize = 2;

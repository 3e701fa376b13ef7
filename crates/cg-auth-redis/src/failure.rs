//! [`Failure`]: why an operation failed. No text of the server is quoted, because it may repeat a password or a token.

use std::{error::Error, fmt};

use cg_auth_core::token::store::StoreError;
use redis::{ErrorKind, RedisError, ServerError};

use crate::reply_guard::{Greeting, NotRedis};

/// What went wrong, with the way out.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), source: None }
    }

    pub(crate) fn with_source(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

/// The server has replied with `error`.
pub(crate) fn refused(error: &ServerError, address: &str) -> StoreError {
    let problem = match error.code() {
        "NOAUTH" => "wants a password; put USER:PASSWORD@ into the URL",
        "NOPERM" => {
            "allows the user of the URL too little; it needs EVALSHA, EVAL, TIME, HMGET, HSET, HDEL, DEL and PEXPIRE \
             on the keys of the store"
        }
        "READONLY" => "is a read-only replica; name the primary in the URL",
        "MASTERDOWN" => "is a replica without its primary; name the primary in the URL",
        "OOM" => "has no memory left; raise its maxmemory, or let it evict keys",
        "MISCONF" => "cannot write its snapshot and takes no changes; its log says why",
        "LOADING" => "still loads its data; it answers after that",
        "BUSY" => "runs a script of another program; wait for its end, or send SCRIPT KILL",
        "NOREPLICAS" => "has too few replicas and takes no changes; see its min-replicas-to-write",
        "MOVED" | "ASK" | "CROSSSLOT" | "CLUSTERDOWN" | "TRYAGAIN" => {
            "is part of a cluster, which is not supported; name a single server in the URL"
        }
        _ if error.details().is_some_and(names_unknown_command) => {
            "does not know a command that the store needs; name a primary of Redis 5 or later that has EVALSHA, EVAL, TIME, \
             HMGET, HSET, HDEL, DEL and PEXPIRE under these names"
        }
        _ => "refuses the command; its log may say why",
    };
    StoreError::new(Failure::new(format!("the Redis server {address} {problem}")))
}

/// The text is that of an error, without its code. A script says it in other words.
fn names_unknown_command(text: &str) -> bool {
    ["unknown command", "Unknown Redis command"].iter().any(|words| text.contains(words))
}

/// The connection was lost, or the server refuses it or what the URL says.
pub(crate) fn lost(error: &RedisError, greeting: &Greeting, address: &str) -> Failure {
    if let Some(problem) = greeting.problem() {
        return Failure::new(format!("the Redis server {address} {problem}"));
    }
    let is_refused = |kind| matches!(kind, ErrorKind::Server(_) | ErrorKind::Extension);
    Failure::new(match error.kind() {
        _ if NotRedis::is_in(error) => format!("{address} does not answer as a Redis server does"),
        ErrorKind::Parse => format!("{address} does not answer as a Redis server does"),
        ErrorKind::AuthenticationFailed => {
            format!("the Redis server {address} refuses the user or the password of the URL")
        }
        kind if is_refused(kind) => format!("the Redis server {address} refuses the database of the URL"),
        _ => format!("the connection to the Redis server {address} was lost"),
    })
}

//! [`RedisStore`]: a store of the processes that reach one Redis server.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use cg_auth_core::{
    ConfigError,
    token::store::{CoolDown, Holder, Published, StoreError},
};
use cg_auth_store::{
    ByteStore, Sealed,
    byte_store::{ByteClaim, ByteClaimed, ByteEntry, BytePublication},
};
use cg_auth_transport_util::TlsSettings;
use tokio::runtime::Handle;

use crate::{
    connector::Connector,
    link::Link,
    redis_url::RedisUrl,
    reply,
    script::{CLAIM, INSPECT, PUBLISH, REMOVE},
};

/// The store on the server at `url`: a sealed [`RedisStore`] with the default settings.
///
/// # Errors
/// [`ConfigError`] if `url` is none, as from [`RedisUrl::parse`].
pub fn redis_store(url: &str) -> Result<Sealed<RedisStore>, ConfigError> {
    Ok(Sealed::new(RedisStore::new(RedisUrl::parse(url)?)))
}

/// A [`ByteStore`] on a Redis server, or on one that speaks as Redis does, such as Valkey. A clone is the same store.
///
/// - **One connection** carries all operations at once. The first operation opens it, and one that finds it lost
///   opens it again. After a failure the next attempt waits for 0.1 s, then twice as long each time up to 5 s; an
///   operation in that pause fails at once.
/// - **One round trip** per operation, of a Lua script that the server runs as a whole, and one more to learn the
///   server's clock on a new connection. An operation takes 400 ms at most, or
///   [another limit](RedisStore::with_operation_limit).
/// - **Deadline.** A script that the server begins after the limit changes nothing, because the program has given it up.
///   The limit is sent as a time of the server's clock, which each reply shows anew. If that clock was set, the store
///   sends the operation once more. The lifetime of a token counts from the call.
/// - **Keys.** An entry is one hash with the key `PREFIX:{NAME}`, which the server removes when all of it has ended.
///   Every end is a time of the server's clock.
/// - **Needs.** Redis 5 or later, or Valkey, as a single primary; Sentinel and Cluster are not supported. A user with
///   restricted rights needs the commands `EVALSHA`, `EVAL`, `TIME`, `HMGET`, `HSET`, `HDEL`, `DEL` and `PEXPIRE`.
/// - **Runtime.** Without [`with_runtime`](RedisStore::with_runtime) it works within tokio runtimes with I/O, and each
///   operation elsewhere is a [`StoreError`]. The connection lives on the runtime of the operation that opens it. If
///   that runtime ends, the next operation opens another connection on its own.
/// - **Failures.** An operation that fails may have happened. A server that was restarted without its data, or that
///   evicts a key, has an empty entry, and the next process acquires.
#[derive(Clone)]
pub struct RedisStore {
    settings: Settings,
    link: Arc<Link>,
}

#[derive(Clone)]
struct Settings {
    url: RedisUrl,
    tls: TlsSettings,
    key_prefix: Arc<str>,
    operation_limit: Duration,
    runtime: Option<Handle>,
}

impl RedisStore {
    /// The store on the server at `url`. It connects with the first operation.
    #[must_use]
    pub fn new(url: RedisUrl) -> Self {
        Self::with_settings(Settings {
            url,
            tls: TlsSettings::default(),
            key_prefix: "cg-auth".into(),
            operation_limit: OPERATION_LIMIT,
            runtime: None,
        })
    }

    /// With these settings of TLS, for a server whose certificate the platform does not trust, or that asks for one.
    /// The result has a connection of its own.
    #[must_use]
    pub fn with_tls(self, tls: TlsSettings) -> Self {
        Self::with_settings(Settings { tls, ..self.settings })
    }

    /// With keys that begin with `prefix` instead of `cg-auth`. The result has a connection of its own.
    ///
    /// # Errors
    /// [`ConfigError`] if the prefix is empty or longer than 100 bytes, or holds anything but ASCII letters, digits
    /// and the characters `:._-`.
    pub fn with_key_prefix(self, prefix: &str) -> Result<Self, ConfigError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":._-".contains(&byte);
        if !(1..=100).contains(&prefix.len()) || !prefix.bytes().all(is_allowed) {
            return Err(ConfigError::new(
                "the key prefix",
                "must have 1 to 100 characters, each an ASCII letter, a digit or one of :._-",
            ));
        }
        Ok(Self::with_settings(Settings { key_prefix: prefix.into(), ..self.settings }))
    }

    /// With this limit for each operation instead of 400 ms. A provider waits half a second whatever the limit is, so
    /// a longer one is for other uses of the store. The result has a connection of its own.
    #[must_use]
    pub fn with_operation_limit(self, limit: Duration) -> Self {
        Self::with_settings(Settings { operation_limit: limit, ..self.settings })
    }

    /// With connections that live on `runtime`. Then the operations work anywhere, also for a blocking provider, which
    /// has no tokio runtime. `runtime` needs I/O and a thread that drives it; a multi-threaded runtime has one. The result
    /// has a connection of its own.
    ///
    /// ```
    /// use cg_auth_redis::{RedisStore, RedisUrl};
    ///
    /// // The program keeps it for as long as it uses the store.
    /// let runtime = tokio::runtime::Builder::new_multi_thread()
    ///     .worker_threads(1)
    ///     .enable_all()
    ///     .build()?;
    /// let url = RedisUrl::parse("redis://localhost")?;
    /// let store = RedisStore::new(url).with_runtime(runtime.handle().clone());
    /// # let _ = store;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_runtime(self, runtime: Handle) -> Self {
        Self::with_settings(Settings { runtime: Some(runtime), ..self.settings })
    }

    /// The address of the server.
    #[must_use]
    pub const fn url(&self) -> &RedisUrl {
        &self.settings.url
    }

    fn with_settings(settings: Settings) -> Self {
        let connector = Connector::new(settings.url.clone(), settings.tls.clone());
        let link = Link::new(connector, settings.operation_limit, settings.runtime.clone());
        Self { link: Arc::new(link), settings }
    }

    /// The braces make the name alone decide the slot.
    fn key(&self, name: &str) -> String {
        format!("{}:{{{name}}}", self.settings.key_prefix)
    }
}

#[async_trait]
impl ByteStore for RedisStore {
    async fn claim(&self, name: &str, claim: &ByteClaim) -> Result<ByteClaimed, StoreError> {
        let held = claim.held.as_ref();
        let mut arguments = vec![
            holder(claim.holder),
            claim.lease.map(micros).unwrap_or_default(),
            held.map(|(digest, _)| digest.to_vec()).unwrap_or_default(),
            held.and_then(|(_, left)| *left).map(micros).unwrap_or_default(),
        ];
        arguments.extend(claim.unwanted.iter().map(|digest| digest.to_vec()));
        reply::claimed(self.link.run(&CLAIM, &self.key(name), &arguments).await?)
    }

    async fn publish(
        &self,
        name: &str,
        by: Holder,
        publication: &BytePublication,
    ) -> Result<Published, StoreError> {
        let arguments = match publication {
            BytePublication::Token(token) if token.sealed.len() > LONGEST_SEALED => {
                return Err(StoreError::new("the token is longer than the 2 MiB that the store keeps"));
            }
            BytePublication::Token(token) => vec![
                holder(by),
                b"token".to_vec(),
                token.sealed.clone(),
                token.digest.to_vec(),
                micros(token.left),
            ],
            BytePublication::CoolDown(CoolDown { left, failures, failure }) => vec![
                holder(by),
                b"cool_down".to_vec(),
                micros(*left),
                micros(left.saturating_add(COUNT_IS_KEPT)),
                failures.to_string().into_bytes(),
                failure.kind().as_bytes().to_vec(),
                failure.recovery().as_str().as_bytes().to_vec(),
                failure.status().map(|status| status.to_string().into_bytes()).unwrap_or_default(),
            ],
            BytePublication::Released => vec![holder(by), b"released".to_vec()],
        };
        reply::published(&self.link.run(&PUBLISH, &self.key(name), &arguments).await?)
    }

    async fn inspect(&self, name: &str) -> Result<ByteEntry, StoreError> {
        reply::inspected(&self.link.run(&INSPECT, &self.key(name), &[]).await?)
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        reply::removed(&self.link.run(&REMOVE, &self.key(name), &[]).await?)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { url, key_prefix, .. } = &self.settings;
        f.debug_struct("RedisStore").field("url", url).field("key_prefix", key_prefix).finish_non_exhaustive()
    }
}

fn holder(holder: Holder) -> Vec<u8> {
    format!("{:032x}", holder.number()).into_bytes()
}

/// Microseconds, rounded down so that nothing lives too long. Lua counts exactly up to 2^53, and the server's clock
/// takes a fifth of that.
fn micros(duration: Duration) -> Vec<u8> {
    duration.as_micros().min(1 << 52).to_string().into_bytes()
}

/// Less than the half second that a provider waits, so that its event has the reason.
const OPERATION_LIMIT: Duration = Duration::from_millis(400);
/// As in `scripts/entry.lua`, so that a token that was saved can be read.
const LONGEST_SEALED: usize = 2 * 1024 * 1024;
/// How long the count of failures outlives its cool-down.
const COUNT_IS_KEPT: Duration = Duration::from_secs(60 * 60);

//! The floor for a hit of a pool: the cache of many users' tokens that a program writes by hand. It evicts
//! nobody, takes each spelling of a name for another user, and knows nothing of what the other floors do not
//! know either.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, RwLock},
};

use arc_swap::ArcSwap;
use http::HeaderValue;

use crate::lifecycle_floor::CachedToken;

/// Cached tokens by user: a sharded map, with an `ArcSwap` for each user.
pub struct PoolFloor {
    shards: Vec<RwLock<HashMap<String, ArcSwap<Entry>>>>,
}

struct Entry {
    token: Arc<CachedToken>,
    /// In seconds of the coarse clock.
    expires_at: i64,
}

impl PoolFloor {
    /// A cache that holds `text` for an hour, for each of `users`.
    #[must_use]
    pub fn new<'a>(users: impl IntoIterator<Item = &'a str>, text: &str) -> Self {
        let floor = Self { shards: (0..SHARDS).map(|_| RwLock::default()).collect() };
        for user in users {
            let authorization = HeaderValue::from_str(&format!("Bearer {text}")).unwrap();
            let token = Arc::new(CachedToken { text: text.to_owned(), authorization });
            let entry = ArcSwap::from_pointee(Entry { token, expires_at: coarse_seconds() + 3600 });
            floor.shard(user).write().unwrap().insert(user.to_owned(), entry);
        }
        floor
    }

    /// The token of `user`, unless it has expired.
    #[must_use]
    #[inline]
    pub fn peek(&self, user: &str) -> Option<Arc<CachedToken>> {
        let shard = self.shard(user).read().unwrap();
        let entry = shard.get(user)?.load();
        (coarse_seconds() < entry.expires_at).then(|| Arc::clone(&entry.token))
    }

    /// Like [`peek`](Self::peek), as a future.
    pub async fn token(&self, user: &str) -> Option<Arc<CachedToken>> {
        self.peek(user)
    }

    /// By a sum, because a second hash of the name would cost as much as the map's.
    #[inline]
    fn shard(&self, user: &str) -> &RwLock<HashMap<String, ArcSwap<Entry>>> {
        &self.shards[user.bytes().map(usize::from).sum::<usize>() % SHARDS]
    }
}

impl fmt::Debug for PoolFloor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolFloor").finish_non_exhaustive()
    }
}

#[cfg(target_os = "linux")]
#[inline]
fn coarse_seconds() -> i64 {
    rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse).tv_sec
}

/// Where there is no coarse clock.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::disallowed_methods)]
fn coarse_seconds() -> i64 {
    static ORIGIN: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    ORIGIN.elapsed().as_secs().cast_signed()
}

const SHARDS: usize = 64;

//! [`Pool`]: the connections that wait for a request.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cg_auth_core::time::Now;
use http::{
    Uri,
    uri::{Authority, Scheme},
};

use crate::connector::{Connected, Connection};

/// The idle connections of a transport. A thread watches each of them, and closes it when the server ends it or
/// when it has been idle for too long.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: Mutex<Idle>,
    max_idle_per_host: usize,
    idle_timeout: Duration,
}

#[derive(Debug, Default)]
struct Idle {
    is_closed: bool,
    connections: Vec<Pooled>,
}

/// A connection that may carry a request to the server of its key.
#[derive(Debug)]
pub(crate) struct Pooled {
    pub(crate) key: Key,
    pub(crate) connection: Connection,
}

/// The server that a connection leads to. A proxy is the same for every request to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    scheme: Option<Scheme>,
    authority: Option<Authority>,
}

impl Key {
    pub(crate) fn of(uri: &Uri) -> Self {
        Self { scheme: uri.scheme().cloned(), authority: uri.authority().cloned() }
    }
}

impl Pool {
    pub(crate) fn new(max_idle_per_host: usize, idle_timeout: Duration) -> Self {
        let max_idle_per_host = if idle_timeout.is_zero() { 0 } else { max_idle_per_host.min(MOST_IDLE) };
        Self { idle: Mutex::default(), max_idle_per_host, idle_timeout }
    }

    /// Takes the connection that was used last, if it is still open.
    pub(crate) fn take(&self, key: &Key) -> Option<Connection> {
        // Dropping a connection closes it, so these are dropped after the lock.
        let mut ended = Vec::new();
        let mut idle = self.lock();
        loop {
            let position = idle.connections.iter().rposition(|pooled| pooled.key == *key)?;
            let pooled = idle.connections.remove(position);
            if self.is_good(pooled.connection.connected()) {
                pooled.connection.connected().become_used();
                return Some(pooled.connection);
            }
            ended.push(pooled);
        }
    }

    /// Keeps a connection, unless there are enough. Returns it for [`watch`](Self::watch) if no thread watches it
    /// yet.
    pub(crate) fn put(&self, pooled: Pooled) -> Option<Arc<Connected>> {
        let mut idle = self.lock();
        let same_host = idle.connections.iter().filter(|other| other.key == pooled.key).count();
        if idle.is_closed || same_host >= self.max_idle_per_host {
            drop(idle);
            return None;
        }
        let connected = Arc::clone(pooled.connection.connected());
        let is_watched = connected.become_idle(Now::system());
        idle.connections.push(pooled);
        (!is_watched).then_some(connected)
    }

    /// Watches a connection until it is over. While it is in use, the thread sleeps.
    pub(crate) fn watch(&self, connected: &Arc<Connected>) {
        while connected.wait_for_end(self.idle_timeout) {
            if self.close_if_over(connected) {
                return;
            }
        }
    }

    /// Closes every idle connection, and keeps none from now on.
    pub(crate) fn close(&self) {
        let mut idle = self.lock();
        idle.is_closed = true;
        let connections = std::mem::take(&mut idle.connections);
        drop(idle);
        drop(connections);
    }

    /// Closes the connection if it is idle and no longer good.
    fn close_if_over(&self, connected: &Arc<Connected>) -> bool {
        let mut idle = self.lock();
        let mut pooled = idle.connections.iter();
        let position = pooled.position(|pooled| Arc::ptr_eq(pooled.connection.connected(), connected));
        let Some(position) = position.filter(|_| !self.is_good(connected)) else { return false };
        let pooled = idle.connections.swap_remove(position);
        drop(idle);
        drop(pooled);
        true
    }

    fn is_good(&self, connected: &Connected) -> bool {
        connected.idle_time().is_some_and(|time| time < self.idle_timeout) && connected.is_open()
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each idle connection has a thread. A token pool makes this number of acquisitions at once.
const MOST_IDLE: usize = 16;

//! [`ConnectionNumber`]: the number under which the log knows a connection.

use std::sync::{Mutex, PoisonError};

/// A connection has a number once the log records a request on it, so connections for the control API alone
/// take none. A reset numbers the connections anew, also those that stay open.
#[derive(Debug, Default)]
pub(crate) struct ConnectionNumber(Mutex<Option<Given>>);

#[derive(Debug, Clone, Copy)]
struct Given {
    number: u64,
    /// How often the log had been reset.
    resets: u64,
}

impl ConnectionNumber {
    /// The connection's number since the last of `resets`; `next` gives it one.
    pub(super) fn since_reset(&self, resets: u64, next: impl FnOnce() -> u64) -> u64 {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let current = given.filter(|given| given.resets == resets);
        given.insert(current.unwrap_or_else(|| Given { number: next(), resets })).number
    }
}

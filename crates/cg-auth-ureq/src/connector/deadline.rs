//! [`Deadline`]: the time by which connecting must be done.

use std::{io, time::Duration};

use cg_auth_core::time::Now;

/// A moment of the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Duration);

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self(Now::system().monotonic().saturating_add(limit))
    }

    /// The time that is left.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] once there is none.
    pub(crate) fn left(self) -> io::Result<Duration> {
        let left = self.0.saturating_sub(Now::system().monotonic());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

//! [`Record`]: what happened on the wire.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::connector::Connection;

/// What happened on the wire.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Whether a byte of the request may have left.
    pub(crate) has_sent: bool,
    /// Whether a byte of the answer has arrived.
    pub(crate) has_received: bool,
    /// Whether the peer ended the connection.
    pub(crate) has_ended: bool,
    /// Why the exchange failed, unless ureq reports it.
    pub(crate) failure: Option<Failure>,
    /// The connection, if it may carry another request.
    pub(crate) kept: Option<Connection>,
}

/// A failure whose details are hidden from ureq.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Reading or writing failed.
    Io(io::Error),
    /// The answer breaks the rules of HTTP/1.1, or is longer than its limits.
    Malformed(&'static str),
}

/// A [`Record`] that outlives ureq's use of the wire.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedRecord(Arc<Mutex<Record>>);

impl SharedRecord {
    /// The record of an exchange that is over.
    pub(crate) fn take(&self) -> Record {
        std::mem::take(&mut *self.lock())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `failure`. Returns an error for ureq, which takes some I/O errors for the end of a body.
    pub(super) fn fail(&self, failure: Failure) -> ureq::Error {
        self.lock().failure.get_or_insert(failure);
        ureq::Error::ConnectionFailed
    }
}

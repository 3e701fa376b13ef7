//! Classifies a failed exchange as the contract requires: by what happened on the wire, and only then by the
//! error of ureq.

use cg_auth_core::{causes::find_cause, transport::TransportError};
use cg_auth_transport_util::failure::{Route, certificate_refused};

use crate::wire::{Failure, Record};

/// A failure on an open connection, after which ureq reports `error`.
pub(crate) fn classify(error: ureq::Error, record: Record, route: &Route<'_>) -> TransportError {
    match record.failure {
        Some(Failure::Io(failure)) => {
            let refused = find_cause(&failure).and_then(|error| certificate_refused(error, route));
            match refused.filter(|_| !record.has_received) {
                Some(refused) => refused,
                None if record.has_sent => TransportError::closed(failure),
                None => TransportError::closed_before_sending(failure),
            }
        }
        Some(Failure::Malformed(problem)) => TransportError::malformed(problem),
        // ureq refuses a request that cannot be written, before it writes anything.
        None if !record.has_sent => TransportError::config(error),
        None if is_malformed(&error) => TransportError::malformed(error),
        None => TransportError::closed(error),
    }
}

/// A body that ended before it was complete.
pub(crate) fn cut_off() -> TransportError {
    TransportError::closed("the body ended before it was complete")
}

/// Whether the answer breaks the rules of HTTP/1.1. ureq has the same errors for an answer that ends too early.
fn is_malformed(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..) => true,
        // The reader of a body wraps the error.
        ureq::Error::Io(error) => {
            let within = error.get_ref().and_then(|inner| inner.downcast_ref());
            within.is_some_and(is_malformed)
        }
        _ => false,
    }
}

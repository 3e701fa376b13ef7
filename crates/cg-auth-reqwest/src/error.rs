//! What a failure of reqwest means to the contract: where it happened, and whether the request may have left.

use cg_auth_core::transport::TransportError;
use cg_auth_transport_util::failure::{self, Hop};

/// A failure before the answer's head was complete. Told by the causes, since reqwest's own kinds do not say what
/// the wire saw.
pub(crate) fn classify(error: reqwest::Error, hop: Hop) -> TransportError {
    let error = error.without_url();
    if error.is_builder() {
        TransportError::config(error)
    } else if error.is_connect() {
        failure::connecting(error, hop)
    } else {
        failure::exchanging(error)
    }
}

/// A failure while the answer's body was read.
pub(crate) fn classify_reading(error: reqwest::Error) -> TransportError {
    failure::reading(error.without_url())
}

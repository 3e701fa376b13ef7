//! Classifies errors of reqwest as the contract requires: the stage of the failure, and whether the request
//! may have been sent.

use cg_auth_core::transport::TransportError;
use cg_auth_transport_util::failure::{Route, connecting, exchanging, reading};

/// A failure before the head of the response was complete. reqwest's own kinds do not say what was sent, so
/// the causes decide.
pub(crate) fn classify(error: reqwest::Error, route: &Route<'_>) -> TransportError {
    let error = error.without_url();
    if error.is_builder() {
        TransportError::config(error)
    } else if error.is_connect() {
        connecting(error, route)
    } else {
        exchanging(error, route)
    }
}

/// A failure while the body of the response was read.
pub(crate) fn classify_reading(error: reqwest::Error) -> TransportError {
    reading(error.without_url())
}

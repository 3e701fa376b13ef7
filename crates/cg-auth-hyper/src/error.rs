//! Classifies errors of hyper as the contract requires: the stage of the failure, and whether the request may
//! have been sent.

use cg_auth_core::transport::TransportError;
use cg_auth_transport_util::failure::{Route, connecting, exchanging};
use hyper_util::client::legacy;

/// A failure before the head of the response was complete.
pub(crate) fn classify(error: legacy::Error, route: &Route<'_>) -> TransportError {
    if error.is_connect() { connecting(error, route) } else { exchanging(error, route) }
}

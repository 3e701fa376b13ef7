//! What a failure of hyper means to the contract: where it happened, and whether the request may have left.

use cg_auth_core::transport::TransportError;
use cg_auth_transport_util::failure::{self, Hop};
use hyper_util::client::legacy;

/// A failure before the answer's head was complete.
pub(crate) fn classify(error: legacy::Error, hop: Hop) -> TransportError {
    if error.is_connect() { failure::connecting(error, hop) } else { failure::exchanging(error) }
}

//! What a failure of reqwest means to the contract: where it happened, and whether the request may have left.

use cg_auth_core::transport::TransportError;
use cg_auth_transport_util::failure;
use http::uri::Scheme;

/// Told by the causes, since reqwest's own kinds do not say what the wire saw.
pub(crate) fn classify(error: reqwest::Error, scheme: Option<&Scheme>) -> TransportError {
    let error = error.without_url();
    if error.is_builder() {
        TransportError::config(error)
    } else if error.is_connect() {
        failure::connecting(error, scheme)
    } else {
        failure::exchanging(error)
    }
}

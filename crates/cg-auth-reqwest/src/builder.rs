//! [`ReqwestTransportBuilder`]: the settings of a transport, one method each.

use cg_auth_core::transport::TransportError;
use cg_auth_transport_util::{TransportSettings, builder_methods, tls_builder_methods};

use crate::ReqwestTransport;

/// Builds a [`ReqwestTransport`]. Each setting has a default that suits the service.
///
/// ```
/// use std::time::Duration;
///
/// # use cg_auth_reqwest::{ReqwestTransport, cg_auth_core::transport::TransportError};
/// let builder = ReqwestTransport::builder().connect_timeout(Duration::from_secs(3));
/// let transport = builder.no_proxy().build()?;
/// # drop(transport);
/// # Ok::<(), TransportError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct ReqwestTransportBuilder {
    settings: TransportSettings,
}

impl ReqwestTransportBuilder {
    /// Every setting at its default.
    pub fn new() -> Self {
        Self::default()
    }
}

builder_methods!(ReqwestTransportBuilder.settings);
tls_builder_methods!(ReqwestTransportBuilder.settings);

impl ReqwestTransportBuilder {
    /// Builds the transport.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the settings cannot be used together. If the platform has
    /// no root certificate, or a proxy variable of the environment cannot be read, the first `https:` request
    /// that needs it fails instead.
    pub fn build(self) -> Result<ReqwestTransport, TransportError> {
        ReqwestTransport::from_settings(&self.settings)
    }
}

//! [`HyperTransportBuilder`]: the settings of a transport, one method each.

use cg_auth_core::transport::TransportError;
#[cfg(feature = "rustls")]
use cg_auth_transport_util::tls_builder_methods;
use cg_auth_transport_util::{TransportSettings, builder_methods};

use crate::HyperTransport;

/// Builds a [`HyperTransport`]. Each setting has a default that suits the service.
///
/// ```
/// use std::time::Duration;
///
/// # use cg_auth_hyper::{HyperTransport, cg_auth_core::transport::TransportError};
/// let builder = HyperTransport::builder().connect_timeout(Duration::from_secs(3));
/// let transport = builder.no_proxy().build()?;
/// # drop(transport);
/// # Ok::<(), TransportError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct HyperTransportBuilder {
    settings: TransportSettings,
}

impl HyperTransportBuilder {
    /// Every setting at its default.
    pub fn new() -> Self {
        Self::default()
    }
}

builder_methods!(HyperTransportBuilder.settings);
#[cfg(feature = "rustls")]
tls_builder_methods!(HyperTransportBuilder.settings, #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]);

impl HyperTransportBuilder {
    /// Builds the transport.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the settings cannot be used together. If the platform has
    /// no root certificate, or a proxy variable of the environment cannot be read, the first `https:` request
    /// that needs it fails instead.
    pub fn build(self) -> Result<HyperTransport, TransportError> {
        HyperTransport::from_settings(&self.settings)
    }
}

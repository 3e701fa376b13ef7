//! The two transports, built alike.

use std::sync::Arc;

use cg_auth_core::transport::{HttpTransport, TransportError};
use cg_auth_hyper::HyperTransport;
use cg_auth_reqwest::ReqwestTransport;
use cg_auth_transport_util::{ProxyChoice, TransportSettings};

use crate::settings::TransportChoice;

/// The chosen transport, which trusts the root certificates in `ca_pem` besides those of the platform.
pub(crate) fn build(
    choice: TransportChoice,
    ca_pem: Option<&[u8]>,
    proxy: ProxyChoice,
) -> Result<Arc<dyn HttpTransport>, TransportError> {
    let mut settings = TransportSettings::new().proxy_choice(proxy);
    if let Some(pem) = ca_pem {
        settings = settings.extra_root_certificates_pem(pem)?;
    }
    Ok(match choice {
        TransportChoice::Reqwest => Arc::new(ReqwestTransport::from_settings(&settings)?),
        TransportChoice::Hyper => Arc::new(HyperTransport::from_settings(&settings)?),
    })
}

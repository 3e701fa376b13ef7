//! The two transports, made alike.

use std::sync::Arc;

use cg_auth_core::transport::{HttpTransport, TransportError};
use cg_auth_hyper::HyperTransport;
use cg_auth_reqwest::ReqwestTransport;
use cg_auth_transport_util::{FromSettings, ProxyChoice, TransportBuilder};

use crate::settings::TransportChoice;

/// The chosen transport, which trusts the root certificates in `ca_pem` besides those of the platform.
pub(crate) fn build(
    choice: TransportChoice,
    ca_pem: Option<&[u8]>,
    proxy: ProxyChoice,
) -> Result<Arc<dyn HttpTransport>, TransportError> {
    Ok(match choice {
        TransportChoice::Reqwest => Arc::new(with_settings::<ReqwestTransport>(ca_pem, proxy)?),
        TransportChoice::Hyper => Arc::new(with_settings::<HyperTransport>(ca_pem, proxy)?),
    })
}

fn with_settings<T: FromSettings>(ca_pem: Option<&[u8]>, proxy: ProxyChoice) -> Result<T, TransportError> {
    let mut builder = TransportBuilder::new().proxy_choice(proxy);
    if let Some(pem) = ca_pem {
        builder = builder.extra_root_certificates_pem(pem)?;
    }
    builder.build()
}

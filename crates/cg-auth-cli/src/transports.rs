//! The two transports, made alike.

use std::sync::Arc;

use cg_auth_core::transport::{HttpTransport, TransportError};
use cg_auth_hyper::HyperTransport;
use cg_auth_reqwest::ReqwestTransport;

use crate::settings::TransportChoice;

/// The chosen transport, which trusts the root certificates in `ca_pem` besides those of the platform.
pub(crate) fn build(
    choice: TransportChoice,
    ca_pem: Option<&[u8]>,
) -> Result<Arc<dyn HttpTransport>, TransportError> {
    Ok(match choice {
        TransportChoice::Reqwest => {
            let builder = ReqwestTransport::builder();
            let builder = match ca_pem {
                Some(pem) => builder.extra_root_certificates_pem(pem)?,
                None => builder,
            };
            Arc::new(builder.build()?)
        }
        TransportChoice::Hyper => {
            let builder = HyperTransport::builder();
            let builder = match ca_pem {
                Some(pem) => builder.extra_root_certificates_pem(pem)?,
                None => builder,
            };
            Arc::new(builder.build()?)
        }
    })
}

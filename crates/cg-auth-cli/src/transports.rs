//! [`TransportChoice`]: the HTTP library that makes the calls, and how its transport is built.

use std::sync::Arc;

use cg_auth_core::transport::{HttpTransport, TransportError};
use cg_auth_hyper::HyperTransport;
use cg_auth_reqwest::ReqwestTransport;
use cg_auth_transport_util::{ProxyChoice, TransportSettings};
use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum TransportChoice {
    #[default]
    Reqwest,
    Hyper,
}

impl TransportChoice {
    /// Builds the transport.
    pub(crate) fn build(
        self,
        settings: &TransportSettings,
    ) -> Result<Arc<dyn HttpTransport>, TransportError> {
        Ok(match self {
            Self::Reqwest => Arc::new(ReqwestTransport::from_settings(settings)?),
            Self::Hyper => Arc::new(HyperTransport::from_settings(settings)?),
        })
    }

    /// Reads a name from a variable or a profile.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::from_str(text, false).map_err(|_| "expected reqwest or hyper".into())
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Reqwest => "reqwest",
            Self::Hyper => "hyper",
        }
    }
}

/// Fails if a transport cannot use the root certificates in `pem`.
pub(crate) fn check_root_certificates(pem: &[u8]) -> Result<(), TransportError> {
    settings(Some(pem), ProxyChoice::Off).map(drop)
}

/// The settings of a transport, with the root certificates in `ca_pem` in addition to those of the platform.
pub(crate) fn settings(
    ca_pem: Option<&[u8]>,
    proxy: ProxyChoice,
) -> Result<TransportSettings, TransportError> {
    let settings = TransportSettings::new().proxy_choice(proxy);
    match ca_pem {
        Some(pem) => settings.extra_root_certificates_pem(pem),
        None => Ok(settings),
    }
}

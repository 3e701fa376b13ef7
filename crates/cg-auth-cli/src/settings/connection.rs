//! [`Connection`]: the settings that say how the service is reached, without user and secret.

use std::{mem, time::Duration};

use cg_auth_core::{BaseUrl, transport::TransportError};
use cg_auth_transport_util::{ProxyChoice, TransportSettings};

use super::{
    ca_file,
    choices::{Choices, Given},
    origin::Chosen,
};
use crate::{
    setting_error::{MissingSettings, SettingError},
    transports::{self, TransportChoice},
};

/// How the service is reached.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// The base URL, and where it is set.
    pub(crate) base_url: Chosen<BaseUrl>,
    ca_pem: Option<Vec<u8>>,
    /// The proxy, and where the choice comes from.
    pub(crate) proxy: Chosen<ProxyChoice>,
    pub(crate) transport: TransportChoice,
    /// The time limit of a call.
    pub(crate) timeout: Duration,
}

impl Connection {
    /// Takes the settings of a connection out of `choices`, and reads the CA file.
    ///
    /// # Errors
    /// A setting that cannot be used, else every required setting that is not given.
    pub(crate) fn take(choices: &mut Choices) -> Result<Self, SettingError> {
        let missing = MissingSettings(choices.missing());
        let ca_file = take(&mut choices.ca_file)?;
        let base_url = take(&mut choices.base_url)?;
        let (proxy, transport) = (take(&mut choices.proxy)?, take(&mut choices.transport)?);
        let timeout = take(&mut choices.timeout)?;
        // All but the base URL have a default.
        match (base_url, proxy, transport, timeout) {
            (Some(base_url), Some(proxy), Some(transport), Some(timeout)) => Ok(Self {
                base_url,
                ca_pem: ca_file.as_ref().map(ca_file::read).transpose()?,
                proxy,
                transport: transport.value,
                timeout: timeout.value,
            }),
            _ => Err(missing.into()),
        }
    }

    /// The settings of the transport that makes the calls.
    pub(crate) fn transport_settings(&self) -> Result<TransportSettings, TransportError> {
        transports::settings(self.ca_pem.as_deref(), self.proxy.value.clone())
    }
}

fn take<T>(choice: &mut Given<T>) -> Given<T> {
    mem::replace(choice, Ok(None))
}

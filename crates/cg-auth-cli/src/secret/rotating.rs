//! [`RotatingSecret`]: a client secret that is read again before each acquisition.

use cg_auth_core::{
    ClientSecret, UserPrincipalName,
    time::BoxFuture,
    token::{SecretResult, SecretSource},
};

use super::{label::SecretLabel, origin::SecretOrigin};
use crate::{console::Console, setting_error::SettingError};

/// The client secret for a provider. A secret that was rotated in its file or vault is used from the next
/// acquisition on.
#[derive(Debug)]
pub(crate) struct RotatingSecret {
    origin: SecretOrigin,
    label: SecretLabel,
    console: Console,
}

impl RotatingSecret {
    /// A secret from `origin`. Standard input, a pipe and a prompt can be read only once, so this function
    /// reads them immediately.
    pub(crate) async fn new(
        origin: SecretOrigin,
        label: SecretLabel,
        console: Console,
    ) -> Result<Self, SettingError> {
        let origin = match origin {
            origin if origin.is_read_once() => SecretOrigin::Text(origin.read(&label, console).await?),
            origin => origin,
        };
        Ok(Self { origin, label, console })
    }
}

impl SecretSource for RotatingSecret {
    fn read<'a>(&'a self, _: &'a UserPrincipalName) -> BoxFuture<'a, SecretResult> {
        Box::pin(async {
            let text = self.origin.clone().read(&self.label, self.console).await?;
            Ok(ClientSecret::new(text.as_str()).map_err(SettingError::from)?)
        })
    }
}

//! [`RotatingSecret`]: a secret that is read before each attempt to get a token.

use cg_auth_core::{
    ClientSecret,
    time::BoxFuture,
    token::{self, SecretResult},
};

use super::{CLIENT_SECRET, SecretSource};
use crate::{console::Console, settings::SettingError};

/// The client secret as its source has it now, so that one which was rotated is used from then on.
#[derive(Debug)]
pub(crate) struct RotatingSecret {
    source: SecretSource,
    console: Console,
}

impl RotatingSecret {
    /// Of `source`. What can be read only once is read at once.
    pub(crate) async fn new(source: SecretSource, console: Console) -> Result<Self, SettingError> {
        let source = match source {
            SecretSource::StandardInput | SecretSource::Prompt => {
                SecretSource::Text(source.read(CLIENT_SECRET, console).await?)
            }
            source => source,
        };
        Ok(Self { source, console })
    }
}

impl token::SecretSource for RotatingSecret {
    fn read(&self) -> BoxFuture<'_, SecretResult> {
        Box::pin(async {
            let text = self.source.clone().read(CLIENT_SECRET, self.console).await?;
            Ok(ClientSecret::new(text.as_str()).map_err(SettingError::from)?)
        })
    }
}

//! The token that opens the control API beyond this machine. No flag takes the token itself, because every
//! process can read the arguments of every other process.

use std::path::Path;

use cg_auth_core::ClientSecret;

use crate::{
    console::Console,
    secret::{SecretLabel, SecretOrigin},
    setting_error::SettingError,
    variable,
};

/// The token in `file`, else in the variable; `None` if neither is given.
pub(super) async fn read(
    file: Option<&Path>,
    console: Console,
) -> Result<Option<ClientSecret>, SettingError> {
    let (origin, name) = match file {
        Some(file) => (SecretOrigin::file(file), "--control-token"),
        None => match variable::CONTROL_TOKEN.secret()? {
            Some(text) => (SecretOrigin::Text(text), variable::CONTROL_TOKEN.name),
            None => return Ok(None),
        },
    };
    let text = origin.read(&SecretLabel::control_token(), console).await?;
    let token = ClientSecret::new(text.as_str());
    let problem = if text.is_empty() {
        "the token is empty; generate one, for instance with openssl rand -hex 16"
    } else {
        "expected a token of visible ASCII without spaces"
    };
    let unusable = |_| SettingError::BadVariable { name, problem: problem.into() };
    token.map(Some).map_err(unusable)
}

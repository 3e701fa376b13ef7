//! The secrets of the suite, and the check that nothing shows them.

use std::error::Error;

use cg_auth_core::{
    ApiCredential, ClientSecret, ConfigError, UserPrincipalName, causes::causes, model::RefreshToken,
};

use crate::{
    failure::{Failure, ensure},
    secret_texts::{CLIENT_SECRET, REFRESH_TOKEN, SECRETS},
};

/// The login `user:hunter2@` as it stands in the URL of a proxy.
pub(crate) const LOGIN: &str = "user:hunter2%40";

/// A credential for the servers of the suite, which accept any.
pub(crate) fn credential() -> Result<ApiCredential, ConfigError> {
    let user = UserPrincipalName::new("someone@example.com")?;
    Ok(ApiCredential::new(ClientSecret::new(CLIENT_SECRET)?, user))
}

/// A refresh token for the servers of the suite, which accept any.
pub(crate) fn refresh_token() -> Result<RefreshToken, ConfigError> {
    RefreshToken::new(REFRESH_TOKEN)
}

/// Checks that neither the messages of an error and its causes nor their `Debug` output show a secret.
pub(crate) fn ensure_hidden(error: &(dyn Error + 'static)) -> Result<(), Failure> {
    ensure_text_hides(&everything_shown(error))
}

/// Checks that `text` shows no secret.
pub(crate) fn ensure_text_hides(text: &str) -> Result<(), Failure> {
    for (what, secret) in SECRETS {
        ensure!(!text.contains(secret), "{what} is shown: {text}");
    }
    Ok(())
}

/// The messages and the `Debug` output of an error and its causes.
pub(crate) fn everything_shown(error: &(dyn Error + 'static)) -> String {
    causes(error).map(|error| format!("{error} {error:?} {error:#?}\n")).collect()
}

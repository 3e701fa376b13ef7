//! [`SecretLabel`]: what a secret is called in messages and at the prompt.

use cg_auth_core::UserPrincipalName;

use crate::service_address::ServiceAddress;

/// The name and the prompt of a secret.
#[derive(Debug, Clone)]
pub(crate) struct SecretLabel {
    name: &'static str,
    prompt: String,
}

impl SecretLabel {
    pub(crate) fn client_secret(user: &UserPrincipalName, address: &ServiceAddress) -> Self {
        let prompt = format!("Client secret for {user} at {}", address.host());
        Self { name: "the client secret", prompt }
    }

    pub(crate) fn refresh_token(user: &UserPrincipalName, address: &ServiceAddress) -> Self {
        let prompt = format!("Refresh token for {user} at {}", address.host());
        Self { name: "the refresh token", prompt }
    }

    pub(crate) fn access_token() -> Self {
        Self { name: "the access token", prompt: "Access token".to_owned() }
    }

    pub(crate) fn control_token() -> Self {
        Self { name: "the control token", prompt: "Control token of the emulator".to_owned() }
    }

    /// The name in errors and warnings.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The text of the prompt.
    pub(super) fn prompt(&self) -> String {
        format!("{} (hidden): ", self.prompt)
    }
}

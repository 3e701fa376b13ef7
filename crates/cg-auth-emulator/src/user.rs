//! [`User`]: a user of the emulated service.

use cg_auth_core::{ApiCredential, ClientSecret};

/// A user that the service issues tokens for. `Debug` shows no secret.
///
/// Several users may share a client secret, as under one API authentication profile that acts for many. A
/// user may have a [second secret](Self::second_secret), as during a secret rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct User {
    credential: ApiCredential,
    second_secret: Option<ClientSecret>,
    enabled: bool,
    administrator: bool,
}

impl User {
    /// An enabled user without administrator rights.
    pub const fn new(credential: ApiCredential) -> Self {
        Self { credential, second_secret: None, enabled: true, administrator: false }
    }

    /// Disables the user: the service knows the credential and refuses it in every operation. Access tokens
    /// that were issued before stay valid.
    pub const fn disabled(self) -> Self {
        self.enabled(false)
    }

    /// Whether the service accepts the user's credential.
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Whether the user is a Service Administrator, who may delete the token cache
    /// ([wire protocol, section 1](cg_auth_core::docs::wire#1-operations)).
    pub const fn administrator(mut self, administrator: bool) -> Self {
        self.administrator = administrator;
        self
    }

    /// Gives the user another client secret. The service refuses the old one from then on.
    pub fn client_secret(mut self, secret: ClientSecret) -> Self {
        self.credential = ApiCredential::new(secret, self.credential.user_principal_name().clone());
        self
    }

    /// A secret that the service accepts beside the first one; `None` for no such secret.
    pub fn second_secret(mut self, secret: Option<ClientSecret>) -> Self {
        self.second_secret = secret;
        self
    }

    /// The client secret and user principal name that the user presents.
    #[must_use]
    pub const fn credential(&self) -> &ApiCredential {
        &self.credential
    }

    /// The user principal name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.credential.user_principal_name().as_str()
    }

    /// Whether the service accepts the user's credential.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether the user may delete the token cache.
    #[must_use]
    pub const fn is_administrator(&self) -> bool {
        self.administrator
    }

    /// Whether the service accepts a second secret of the user.
    #[must_use]
    pub const fn has_second_secret(&self) -> bool {
        self.second_secret.is_some()
    }

    /// Whether `name` is the user's name, without regard to ASCII case.
    pub(crate) fn is_named(&self, name: &[u8]) -> bool {
        self.name().as_bytes().eq_ignore_ascii_case(name)
    }

    /// Whether `secret` is one of the user's secrets, byte for byte.
    pub(crate) fn accepts(&self, secret: &[u8]) -> bool {
        let secrets = [Some(self.credential.client_secret()), self.second_secret.as_ref()];
        secrets.into_iter().flatten().any(|own| own.expose_secret().as_bytes() == secret)
    }
}

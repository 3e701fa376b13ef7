//! [`User`]: a user of the emulated service.

use cg_auth_core::ApiCredential;

/// A user that the service issues tokens for. `Debug` shows no secret.
///
/// Several users may share a client secret, as under one API authentication profile that acts for many. One
/// user may have two secrets, as during a secret rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct User {
    credential: ApiCredential,
    enabled: bool,
    administrator: bool,
}

impl User {
    /// An enabled user without administrator rights.
    pub const fn new(credential: ApiCredential) -> Self {
        Self { credential, enabled: true, administrator: false }
    }

    /// Disables the user: the service knows the credential and refuses it in every operation.
    pub const fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// Whether the user is a Service Administrator, who may delete the token cache
    /// ([wire protocol, section 1](cg_auth_core::docs::wire#1-operations)).
    pub const fn administrator(mut self, administrator: bool) -> Self {
        self.administrator = administrator;
        self
    }

    /// The client secret and user principal name that the user presents.
    #[must_use]
    pub const fn credential(&self) -> &ApiCredential {
        &self.credential
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
}

//! [`User`] and [`Users`]: whom the emulator knows.

use cg_auth_core::ApiCredential;

/// Someone that tokens are issued for. `Debug` shows no secret.
///
/// Several users may share a client secret, as they do where one API authentication profile acts for many;
/// one user may have two secrets, as while a secret is being replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct User {
    credential: ApiCredential,
    enabled: bool,
    administrator: bool,
}

impl User {
    /// A user who is enabled and no administrator.
    pub const fn new(credential: ApiCredential) -> Self {
        Self { credential, enabled: true, administrator: false }
    }

    /// Is known, but refused by every operation.
    pub const fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// Whether the user is a Service Administrator, and so may delete the token cache (SPEC section 1).
    pub const fn administrator(mut self, administrator: bool) -> Self {
        self.administrator = administrator;
        self
    }

    /// What the user is known by.
    #[must_use]
    pub const fn credential(&self) -> &ApiCredential {
        &self.credential
    }

    /// Whether the user is refused by nothing but a lack of rights.
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

/// Every user, in the order they were named.
#[derive(Debug, Clone)]
pub(crate) struct Users(Vec<User>);

impl Users {
    pub(crate) const fn new(users: Vec<User>) -> Self {
        Self(users)
    }

    pub(crate) fn nth(&self, n: usize) -> Option<&User> {
        self.0.get(n)
    }

    /// The user with exactly this secret and name, byte for byte.
    pub(crate) fn find(&self, client_secret: &[u8], user_principal_name: &[u8]) -> Option<&User> {
        self.0.iter().find(|user| {
            let credential = &user.credential;
            credential.client_secret().expose_secret().as_bytes() == client_secret
                && credential.user_principal_name().as_str().as_bytes() == user_principal_name
        })
    }
}

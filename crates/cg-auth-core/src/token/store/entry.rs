//! [`EntryOwner`] and [`StoreEntry`]: the owner of a token, and how a store finds and protects it.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use crate::model::{BaseUrl, ClientSecret, UserPrincipalName};

/// The service, the user and the secret of a token. A store derives the name of the entry and the key that
/// protects it from all three, so a rotated secret finds an empty entry.
#[derive(Debug, Clone, Copy)]
pub struct EntryOwner<'a> {
    base_url: &'a BaseUrl,
    user_principal_name: &'a UserPrincipalName,
    secret: &'a ClientSecret,
}

impl<'a> EntryOwner<'a> {
    /// The tokens of `user_principal_name` at the service at `base_url`, which are issued for `secret`.
    #[must_use]
    pub const fn new(
        base_url: &'a BaseUrl,
        user_principal_name: &'a UserPrincipalName,
        secret: &'a ClientSecret,
    ) -> Self {
        Self { base_url, user_principal_name, secret }
    }

    /// The service.
    #[must_use]
    pub const fn base_url(&self) -> &'a BaseUrl {
        self.base_url
    }

    /// The user in lower case: names that differ only in the case of ASCII letters are one user.
    #[must_use]
    pub fn user(&self) -> String {
        self.user_principal_name.as_str().to_ascii_lowercase()
    }

    /// The client secret.
    #[must_use]
    pub const fn secret(&self) -> &'a ClientSecret {
        self.secret
    }
}

/// The name of an entry, and the key that protects its token. A clone shares the key, which is zeroed when the
/// last one is dropped.
#[derive(Clone)]
pub struct StoreEntry {
    name: Arc<str>,
    key: Arc<Zeroizing<Vec<u8>>>,
}

impl StoreEntry {
    /// An entry. `name` shows nothing of the secret. `key` is empty for a store that protects its entries in
    /// another way, such as one in memory.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, key: Zeroizing<Vec<u8>>) -> Self {
        Self { name: name.into(), key: Arc::new(key) }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key. The store keeps it out of logs and error texts.
    #[must_use]
    pub fn expose_key(&self) -> &[u8] {
        &self.key
    }
}

impl fmt::Debug for StoreEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreEntry").field("name", &self.name).finish_non_exhaustive()
    }
}

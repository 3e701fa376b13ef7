//! [`StoredToken`]: a token in a store.

use std::time::Duration;

use crate::model::AccessToken;

/// A token of the store.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// The token.
    pub access_token: AccessToken,
    /// The whole time for which the process that acquired it serves it; `None` if unknown.
    pub lifetime: Option<Duration>,
    /// The rest of the lifetime, by the clock of the store; `None` if the lifetime is unknown. That of a published token
    /// counts from the call.
    pub left: Option<Duration>,
}

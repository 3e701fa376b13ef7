//! [`EntryState`]: what an entry of a store holds, for people and monitors.

use std::time::Duration;

use super::publication::CoolDown;

/// What an entry of a store holds. It shows no token. The default is an empty entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryState {
    /// The lifetime of the token, if the entry has a token that can be read.
    pub token: Option<StoredLifetime>,
    /// Whether the service has issued the token again, so that there is nothing newer until it ends.
    pub has_nothing_newer: bool,
    /// The rest of the lease, if a holder has it.
    pub lease: Option<Duration>,
    /// The pause after a failed acquisition.
    pub cool_down: Option<CoolDown>,
    /// How many acquisitions have failed in a row. The count outlives the cool-down.
    pub failures: u32,
    /// Whether the entry holds something that cannot be read.
    pub is_unreadable: bool,
}

impl EntryState {
    /// Whether the entry holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How long a token in a store lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredLifetime {
    /// The whole lifetime; `None` if unknown.
    pub lifetime: Option<Duration>,
    /// Until the store forgets the token, by its own clock.
    pub left: Duration,
}

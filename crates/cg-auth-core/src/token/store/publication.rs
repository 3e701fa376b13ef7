//! [`Publication`]: what an acquisition shares with the fleet.

use std::{fmt, time::Duration};

use super::stored_token::StoredToken;
use crate::recovery::Recovery;

/// The outcome of an acquisition, as the fleet sees it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Publication {
    /// The service has issued a token.
    Token(StoredToken),
    /// The acquisition has failed. No process acquires during the cool-down.
    CoolDown(CoolDown),
    /// The acquisition ended without an outcome, so another one may begin.
    Released,
}

/// What a store did with a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Published {
    /// The store has saved it, or ended the lease.
    Done,
    /// The token is the one that the entry holds already.
    NothingNewer,
    /// Another holder has the lease, so nothing has changed.
    HeldElsewhere,
}

/// The pause of a fleet after a failed acquisition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoolDown {
    /// How long it still lasts.
    pub left: Duration,
    /// How many acquisitions of the fleet have failed in a row.
    pub failures: u32,
    /// The last failure.
    pub failure: SharedFailure,
}

/// The shared part of another process's failure: what a caller acts upon, and no text of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFailure {
    kind: String,
    recovery: Recovery,
    status: Option<u16>,
}

impl SharedFailure {
    /// A failure. `kind` is the word of a [`CallErrorKind`](crate::CallErrorKind) or a
    /// [`TokenErrorKind`](crate::TokenErrorKind); of any other text only lower-case letters and underscores are
    /// kept, 32 at most.
    #[must_use]
    pub fn new(kind: &str, recovery: Recovery, status: Option<u16>) -> Self {
        let kind = kind.chars().filter(|letter| letter.is_ascii_lowercase() || *letter == '_');
        Self { kind: kind.take(32).collect(), recovery, status }
    }

    /// The kind as a word.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The remedy.
    #[must_use]
    pub const fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Whether the failure counts as one of the service. Otherwise it is one of the process: its settings, its network
    /// or its secret source.
    pub(in crate::token) fn is_of_service(&self) -> bool {
        ["api", "rejected", "protocol", "timeout"].contains(&self.kind.as_str())
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        self.status
    }
}

impl fmt::Display for SharedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{}, status {status}", self.kind),
            None => f.write_str(&self.kind),
        }
    }
}

//! [`Claim`] and [`Claimed`]: what a program asks a store for, and what it gets.

use std::time::Duration;

use super::{publication::CoolDown, stored_token::StoredToken};
use crate::model::AccessToken;

/// An acquisition, as the holder of a lease. Two acquisitions of one process are two holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holder(u128);

impl Holder {
    /// A holder with this number.
    #[must_use]
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// A holder with a random number.
    #[must_use]
    pub fn random() -> Self {
        Self(fastrand::u128(..))
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u128 {
        self.0
    }
}

/// Asks a store for a token, or for the lease to acquire one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Claim {
    /// The acquisition that asks.
    pub holder: Holder,
    /// The valid token of the program, with the rest of its lifetime; the rest is `None` if unknown.
    pub held: Option<(AccessToken, Option<Duration>)>,
    /// Tokens that the program does not want: those that an API refused, and those that it has cleared.
    pub unwanted: Vec<AccessToken>,
    /// How long the lease lasts, if the holder wants to acquire. A claim with `None` only looks for a token.
    pub lease: Option<Duration>,
}

impl Claim {
    /// A claim of a program that has no token and only looks for one.
    #[must_use]
    pub const fn new(holder: Holder) -> Self {
        Self { holder, held: None, unwanted: Vec::new(), lease: None }
    }

    /// Whether a token that lives for `left` more may be adopted. `is_same` compares it with another token.
    #[must_use]
    pub fn wants(&self, left: Option<Duration>, is_same: impl Fn(&AccessToken) -> bool) -> bool {
        let is_longer = |held: Option<Duration>| match (left, held) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(left), Some(held)) => left > held,
        };
        !self.unwanted.iter().any(&is_same)
            && self.held.as_ref().is_none_or(|(token, held)| !is_same(token) && is_longer(*held))
    }
}

/// The answer to a claim.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Claimed {
    /// A token to adopt.
    Token(StoredToken),
    /// The holder has the lease: it acquires, and publishes the outcome.
    Won(Lease),
    /// Another holder has the lease, which ends after this time.
    Held(Duration),
    /// The last acquisition failed.
    CoolingDown(CoolDown),
    /// The service has issued the held token again: there is nothing newer until it expires.
    NothingNewer,
    /// There is no token to adopt, and no holder has the lease. Only a claim without a
    /// [lease](Claim::lease) gets this answer.
    Free,
}

impl Claimed {
    /// How long the lease of another holder or the cool-down lasts, as the store says.
    pub(in crate::token) const fn blocked_for(&self) -> Duration {
        match self {
            Self::Held(left) => *left,
            Self::CoolingDown(cool_down) => cool_down.left,
            _ => Duration::ZERO,
        }
    }
}

/// The right to acquire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// How many acquisitions of the fleet have failed in a row.
    pub failures: u32,
    /// Whether the entry held a token that could not be read.
    pub is_unreadable: bool,
}

impl Lease {
    /// A lease after this number of failures in a row.
    #[must_use]
    pub const fn after(failures: u32) -> Self {
        Self { failures, is_unreadable: false }
    }

    /// This lease, of an entry whose token could not be read.
    #[must_use]
    pub const fn of_unreadable_entry(self) -> Self {
        Self { is_unreadable: true, ..self }
    }
}

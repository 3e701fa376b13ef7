//! [`ByteStore`]: a store of sealed bytes, and its contract.
//!
//! # The contract
//!
//! A store of bytes keeps one entry for each name. An entry holds at most one token, one lease and one cool-down,
//! each with an end by the clock of the store. [`Sealed`](crate::Sealed) makes a
//! [`TokenStore`](cg_auth_core::token::store::TokenStore) of it. An implementation keeps these rules:
//!
//! 1. **Each operation is atomic**, also between processes, and sees what the operation before it has left.
//! 2. **Each operation can be repeated** with the same arguments. A claim of the [`Holder`] that has the lease
//!    extends it, and is answered with the lease whatever the entry holds. A publication that is repeated by the
//!    same holder is [`Published::Done`] again.
//! 3. **A token, a lease and a cool-down end by the clock of the store.** It does not matter how a program's own
//!    clock is set. The count of failures stays for at least an hour after a cool-down.
//! 4. **A claim hands out the token** if it [may be adopted](ByteClaim::wants). It looks at the token first.
//! 5. **Then a claim tells of a cool-down**, then of "nothing newer" if the program holds the token of the entry,
//!    then of the lease of another holder. Otherwise it gives the lease to its holder, if the claim wants it.
//! 6. **[`publish`](ByteStore::publish) does nothing where another holder has the lease.** Otherwise it saves the
//!    token or the cool-down and ends the lease, in one step. A token ends the cool-down and its count.
//! 7. **A token whose digest the entry has already is not saved again.** Its end stays. If another holder has
//!    published it, the entry says "nothing newer" until that token ends or another one is published. The store
//!    may replace the sealed bytes, which heals an entry that does not open.
//! 8. **[`remove`](ByteStore::remove) leaves nothing** of the entry.
//! 9. **An entry that cannot be read is like an empty one.** The next [`Won`](ByteClaimed::Won) says so with
//!    [`Lease::of_unreadable_entry`].
//! 10. **A store never panics**, reads no more than it can hold, and shows no sealed bytes in an error or in `Debug`
//!     output.
//! 11. **[`inspect`](ByteStore::inspect) tells what the entry holds and changes nothing.** What has ended counts as
//!     gone.
//! 12. **An operation that comes late changes nothing.** Half a second after the call the program has given the
//!     operation up. The [rest of a token](SealedToken::left) counts from the call of [`publish`](ByteStore::publish).

use std::{fmt, time::Duration};

use async_trait::async_trait;
use cg_auth_core::token::store::{CoolDown, Holder, Lease, Published, StoreError};

/// Tells two tokens apart: an HMAC of the token, under a key that only the programs have.
pub type Digest = [u8; 16];

/// Keeps sealed bytes that processes share. See the [contract](self#the-contract).
#[async_trait]
pub trait ByteStore: Send + Sync + fmt::Debug {
    /// Asks for the token of the entry `name`, or for the right to acquire the next one.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be reached or read. The claim may have been granted.
    async fn claim(&self, name: &str, claim: &ByteClaim) -> Result<ByteClaimed, StoreError>;

    /// Saves what the acquisition of `holder` has brought, and ends its lease.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be reached or written. It may have been published.
    async fn publish(
        &self,
        name: &str,
        holder: Holder,
        publication: &BytePublication,
    ) -> Result<Published, StoreError>;

    /// Removes the entry with its token, lease and cool-down.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be reached or written.
    async fn remove(&self, name: &str) -> Result<(), StoreError>;

    /// Tells what the entry holds, without a claim.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be reached or read, or does not show its entries.
    async fn inspect(&self, name: &str) -> Result<ByteEntry, StoreError> {
        let _ = name;
        Err(StoreError::new("this store does not show its entries"))
    }
}

/// A question to a store of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteClaim {
    /// Who asks.
    pub holder: Holder,
    /// The valid token of the program, with the rest of its lifetime; `None` of that if unknown.
    pub held: Option<(Digest, Option<Duration>)>,
    /// Tokens that the program does not want.
    pub unwanted: Vec<Digest>,
    /// How long the lease lasts, if the holder wants to acquire. `None` only looks.
    pub lease: Option<Duration>,
}

impl ByteClaim {
    /// Whether the token `digest` that lives for `left` more may be adopted: the program neither refuses nor holds
    /// it, and holds none that lives as long.
    #[must_use]
    pub fn wants(&self, digest: &Digest, left: Duration) -> bool {
        let is_better = |(held, lives): &(Digest, Option<Duration>)| {
            held != digest && lives.is_some_and(|lives| left > lives)
        };
        !self.unwanted.contains(digest) && self.held.as_ref().is_none_or(is_better)
    }

    /// Whether the program holds the token `digest`.
    #[must_use]
    pub fn holds(&self, digest: &Digest) -> bool {
        self.held.is_some_and(|(held, _)| held == *digest)
    }
}

/// The answer to a [`ByteClaim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByteClaimed {
    /// A token to adopt.
    Token(SealedToken),
    /// The holder has the lease.
    Won(Lease),
    /// Another holder has the lease for so long.
    Held(Duration),
    /// The last acquisition failed.
    CoolingDown(CoolDown),
    /// The service has issued the held token again.
    NothingNewer,
    /// There is no token to adopt, and no holder has the lease.
    Free,
}

/// A token as a store of bytes keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedToken {
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// Tells it apart from other tokens.
    pub digest: Digest,
    /// How long until the store forgets the token: an hour if its lifetime is unknown. In a publication it counts from the
    /// call.
    pub left: Duration,
}

impl fmt::Debug for SealedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedToken").field("left", &self.left).finish_non_exhaustive()
    }
}

/// The outcome of an acquisition, as a store of bytes keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BytePublication {
    /// The service has issued a token.
    Token(SealedToken),
    /// The acquisition has failed.
    CoolDown(CoolDown),
    /// The acquisition ended without an outcome.
    Released,
}

impl BytePublication {
    /// This publication as it is `late` after its operation began: the token has aged by that time.
    pub(crate) fn after(&self, late: Duration) -> Self {
        match self {
            Self::Token(token) => {
                Self::Token(SealedToken { left: token.left.saturating_sub(late), ..token.clone() })
            }
            other => other.clone(),
        }
    }
}

/// What an entry holds, as a store of bytes tells it. The default is an empty entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ByteEntry {
    /// The token.
    pub token: Option<SealedToken>,
    /// Whether the service has issued the token again.
    pub has_nothing_newer: bool,
    /// The rest of the lease, of this holder or another.
    pub lease: Option<Duration>,
    /// The pause after a failed acquisition.
    pub cool_down: Option<CoolDown>,
    /// How many acquisitions have failed in a row, also after the cool-down.
    pub failures: u32,
    /// Whether the store holds something under the name that it cannot read.
    pub is_unreadable: bool,
}

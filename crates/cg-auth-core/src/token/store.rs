//! [`TokenStore`]: where the processes of a fleet share the token of a user, and its contract.
//!
//! # The contract
//!
//! A store keeps one entry for each name. An entry holds at most one token, one lease and one cool-down, each
//! with an end by the clock of the store. An implementation of [`TokenStore`] keeps these rules:
//!
//! 1. **Each operation is atomic**, also between processes, and sees what the operation before it has left.
//! 2. **Each operation can be repeated** with the same arguments, because a program whose answer was lost cannot
//!    know whether the operation happened. A claim of the [`Holder`] that has the lease extends the lease and
//!    returns it, whatever the entry holds.
//! 3. **A token, a lease and a cool-down end by the clock of the store.** No operation compares the clock of one
//!    program with that of another. A token without a known lifetime is kept for an hour.
//! 4. **A claim hands out the token** if the program does not list it as [unwanted](Claim::unwanted), does not
//!    [hold](Claim::held) it, and holds none that lives as long. It looks at the token first.
//! 5. **Then a claim tells of a cool-down**, then of "nothing newer", then of the lease of another holder, and
//!    otherwise gives the lease to its holder, if the claim [wants it](Claim::lease).
//! 6. **[`publish`](TokenStore::publish) does nothing where another holder has the lease.** Otherwise it saves
//!    the token or the cool-down and ends the lease, in one step. A token ends the cool-down.
//! 7. **A token that another holder has published already is not saved again.** The entry then says "nothing
//!    newer" until that token ends or another one is published.
//! 8. **[`remove`](TokenStore::remove) leaves nothing** of the entry.
//! 9. **An entry that cannot be read counts as empty.** The next lease [says so](Lease::is_unreadable).
//! 10. **A store never panics and never shows a token or a secret**: not in an error, in `Debug` output or in a
//!     log. What it keeps shows nothing but lifetimes to a reader without the client secret.
//! 11. **[`inspect`](TokenStore::inspect) tells what the entry holds and changes nothing**: it takes no lease and
//!     shows no token. A provider does not use it, so a store can leave it out; it is then an error.
//! 12. **An operation that comes late changes nothing.** Half a second after the call the program has given the
//!     operation up, and would not end a lease that it grants. The lifetime of a token counts from the call of
//!     [`publish`](TokenStore::publish), so the time on the way does not lengthen it.
//!
//! The provider gives each operation half a second. After an error, or without an answer in that time, it does
//! not ask the store for five seconds and acquires by itself.

mod claim;
mod entry;
mod entry_state;
mod error;
mod publication;
mod stored_token;

use std::{fmt, future::ready, sync::Arc};

pub use self::{
    claim::{Claim, Claimed, Holder, Lease},
    entry::{EntryOwner, StoreEntry},
    entry_state::{EntryState, StoredLifetime},
    error::StoreError,
    publication::{CoolDown, Publication, Published, SharedFailure},
    stored_token::StoredToken,
};
use crate::time::BoxFuture;

/// Shares the token of a user between processes. See the [contract](self#the-contract).
///
/// Implement it with the attribute `#[async_trait]` of the crate `async-trait`, and write each operation as an
/// `async fn` that returns the `Result`. That macro makes the signatures below of them, which stand here so
/// that a program without the macro need not build it.
pub trait TokenStore: Send + Sync + fmt::Debug {
    /// The entry of `owner`. The same owner has the same entry in every process. This must not block.
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry;

    /// Asks for the token of the entry, or for the right to acquire the next one.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be reached or read. The store may have granted the claim.
    fn claim<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        entry: &'life1 StoreEntry,
        claim: &'life2 Claim,
    ) -> Operation<'async_trait, Claimed>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait;

    /// Shares the outcome of the acquisition of `holder`, and ends its lease.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be reached or written. The store may have saved the publication.
    fn publish<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        entry: &'life1 StoreEntry,
        holder: Holder,
        publication: &'life2 Publication,
    ) -> Operation<'async_trait, Published>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait;

    /// Removes the entry with its token, lease and cool-down.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be reached or written.
    fn remove<'life0, 'life1, 'async_trait>(
        &'life0 self,
        entry: &'life1 StoreEntry,
    ) -> Operation<'async_trait, ()>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait;

    /// Tells what the entry holds, without a claim.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be reached or read, or does not show its entries.
    fn inspect<'life0, 'life1, 'async_trait>(
        &'life0 self,
        entry: &'life1 StoreEntry,
    ) -> Operation<'async_trait, EntryState>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        let _ = entry;
        Box::pin(ready(Err(StoreError::new("this store does not show its entries"))))
    }
}

impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry {
        T::entry(self, owner)
    }

    fn claim<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        entry: &'life1 StoreEntry,
        claim: &'life2 Claim,
    ) -> Operation<'async_trait, Claimed>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        T::claim(self, entry, claim)
    }

    fn publish<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        entry: &'life1 StoreEntry,
        holder: Holder,
        publication: &'life2 Publication,
    ) -> Operation<'async_trait, Published>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        T::publish(self, entry, holder, publication)
    }

    fn remove<'life0, 'life1, 'async_trait>(
        &'life0 self,
        entry: &'life1 StoreEntry,
    ) -> Operation<'async_trait, ()>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        T::remove(self, entry)
    }

    fn inspect<'life0, 'life1, 'async_trait>(
        &'life0 self,
        entry: &'life1 StoreEntry,
    ) -> Operation<'async_trait, EntryState>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        T::inspect(self, entry)
    }
}

/// An operation of a [`TokenStore`] on its way.
type Operation<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

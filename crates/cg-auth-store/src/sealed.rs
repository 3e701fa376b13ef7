//! [`Sealed`]: a token store over a store of bytes.

mod keys;

use async_trait::async_trait;
use cg_auth_core::token::store::{
    Claim, Claimed, EntryOwner, EntryState, Holder, Publication, Published, StoreEntry, StoreError,
    StoredLifetime, TokenStore,
};

use self::keys::Keys;
use crate::byte_store::{ByteClaim, ByteClaimed, ByteEntry, BytePublication, ByteStore};

/// A [`TokenStore`] over a [`ByteStore`], which gets sealed bytes only. It is the only way from one to the other.
///
/// - **Keys.** HKDF-SHA-256 derives three values from the client secret: the name of the entry, the key that seals
///   its token, and the key of its digests. Each has its own purpose in the `info`, beside the format's version,
///   the base URL and the user in lower case, each with its length. So a rotated secret finds an empty entry.
/// - **Sealing.** AES-256-GCM with a random nonce. Version, name and digest are the associated data, so bytes of
///   another entry do not open. A token that does not open counts as missing: the store repeats the claim
///   without it, and the lease [says so](cg_auth_core::token::store::Lease::is_unreadable).
/// - **In the clear** lie the lifetimes, the lease, the cool-down with the kind of its failure, and a digest of 16
///   bytes (HMAC-SHA-256) that tells whether two tokens are the same.
///
/// The keys and each token in the clear are zeroed.
#[derive(Debug, Clone)]
pub struct Sealed<S> {
    store: S,
}

impl<S: ByteStore> Sealed<S> {
    /// The token store over `store`.
    pub const fn new(store: S) -> Self {
        Self { store }
    }

    /// The store of bytes.
    pub const fn byte_store(&self) -> &S {
        &self.store
    }
}

#[async_trait]
impl<S: ByteStore> TokenStore for Sealed<S> {
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry {
        keys::entry_of(owner)
    }

    async fn claim(&self, entry: &StoreEntry, claim: &Claim) -> Result<Claimed, StoreError> {
        let keys = Keys::of(entry)?;
        let mut asked = ByteClaim {
            holder: claim.holder,
            held: claim.held.as_ref().map(|(token, left)| (keys.digest(token), *left)),
            unwanted: claim.unwanted.iter().map(|token| keys.digest(token)).collect(),
            lease: claim.lease,
        };
        let mut is_unreadable = false;
        for _ in 0..TOKENS_TRIED {
            return Ok(match self.store.claim(entry.name(), &asked).await? {
                ByteClaimed::Token(token) => match keys.open(entry.name(), &token) {
                    Some(token) => Claimed::Token(token),
                    None => {
                        is_unreadable = true;
                        asked.unwanted.push(token.digest);
                        continue;
                    }
                },
                ByteClaimed::Won(lease) if is_unreadable => Claimed::Won(lease.of_unreadable_entry()),
                ByteClaimed::Won(lease) => Claimed::Won(lease),
                ByteClaimed::Held(left) => Claimed::Held(left),
                ByteClaimed::CoolingDown(cool_down) => Claimed::CoolingDown(cool_down),
                ByteClaimed::NothingNewer => Claimed::NothingNewer,
                ByteClaimed::Free => Claimed::Free,
            });
        }
        Err(StoreError::new("the store hands out tokens that cannot be opened; remove its entry"))
    }

    async fn publish(
        &self,
        entry: &StoreEntry,
        holder: Holder,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        let publication = match publication {
            Publication::Token(token) => BytePublication::Token(Keys::of(entry)?.seal(entry.name(), token)?),
            Publication::CoolDown(cool_down) => BytePublication::CoolDown(cool_down.clone()),
            Publication::Released => BytePublication::Released,
            _ => return Err(StoreError::new("cg-auth-store is older than this kind of publication")),
        };
        self.store.publish(entry.name(), holder, &publication).await
    }

    async fn remove(&self, entry: &StoreEntry) -> Result<(), StoreError> {
        self.store.remove(entry.name()).await
    }

    async fn inspect(&self, entry: &StoreEntry) -> Result<EntryState, StoreError> {
        let keys = Keys::of(entry)?;
        let ByteEntry { token, has_nothing_newer, lease, cool_down, failures, is_unreadable } =
            self.store.inspect(entry.name()).await?;
        let mut state = EntryState::default();
        if let Some(sealed) = token {
            let opened = keys.open(entry.name(), &sealed);
            state.is_unreadable = opened.is_none();
            state.token = opened.map(|token| StoredLifetime {
                lifetime: token.lifetime,
                left: token.left.unwrap_or(sealed.left),
            });
        }
        state.is_unreadable |= is_unreadable;
        (state.has_nothing_newer, state.lease) = (has_nothing_newer, lease);
        (state.cool_down, state.failures) = (cool_down, failures);
        Ok(state)
    }
}

/// How many unreadable tokens a claim skips before it fails. Each of them was published after the one before.
const TOKENS_TRIED: usize = 4;

#[cfg(test)]
mod tests;

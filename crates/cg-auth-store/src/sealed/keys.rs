//! [`Keys`]: the keys of an entry, and what they seal. [`entry_of`] derives them.

use std::{fmt::Write as _, time::Duration};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Prk, Salt},
    hmac,
};
use cg_auth_core::{
    model::AccessToken,
    token::store::{EntryOwner, StoreEntry, StoreError, StoredToken},
};
use zeroize::Zeroizing;

use crate::byte_store::{Digest, SealedToken};

/// The name and the keys of the tokens of `owner`.
pub(super) fn entry_of(owner: &EntryOwner<'_>) -> StoreEntry {
    // HKDF fails for outputs of more than 8 KiB only. Without a key, each operation fails.
    derive(owner).unwrap_or_else(|Unspecified| StoreEntry::new("", Zeroizing::default()))
}

fn derive(owner: &EntryOwner<'_>) -> Result<StoreEntry, Unspecified> {
    let secret = Salt::new(HKDF_SHA256, &[]).extract(owner.secret().expose_secret().as_bytes());
    let mut name = Zeroizing::new([0; KEY_LEN]);
    expand(&secret, "name", owner, &mut name[..])?;
    let mut keys = Zeroizing::new(vec![0; 2 * KEY_LEN]);
    let (sealing_key, digest_key) = keys.split_at_mut(KEY_LEN);
    expand(&secret, "seal", owner, sealing_key)?;
    expand(&secret, "digest", owner, digest_key)?;
    let name = name.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    Ok(StoreEntry::new(name, keys))
}

/// The `info` is the purpose, the version, the base URL and the user, each after its length in 8 bytes.
fn expand(secret: &Prk, purpose: &str, owner: &EntryOwner<'_>, key: &mut [u8]) -> Result<(), Unspecified> {
    let (base_url, user) = (owner.base_url().to_string(), owner.user());
    let mut info = Vec::new();
    for part in [purpose.as_bytes(), &[VERSION], base_url.as_bytes(), user.as_bytes()] {
        info.extend((part.len() as u64).to_be_bytes());
        info.extend(part);
    }
    secret.expand(&[&info], HKDF_SHA256)?.fill(key)
}

/// The keys of one entry.
pub(super) struct Keys {
    sealing: RandomizedNonceKey,
    digest: hmac::Key,
}

impl Keys {
    pub(super) fn of(entry: &StoreEntry) -> Result<Self, StoreError> {
        let unusable = || StoreError::new("the entry comes from another kind of store");
        let (sealing, digest) = entry.expose_key().split_at_checked(KEY_LEN).ok_or_else(unusable)?;
        if digest.len() != KEY_LEN {
            return Err(unusable());
        }
        let sealing = RandomizedNonceKey::new(&AES_256_GCM, sealing).map_err(|Unspecified| unusable())?;
        Ok(Self { sealing, digest: hmac::Key::new(hmac::HMAC_SHA256, digest) })
    }

    pub(super) fn digest(&self, token: &AccessToken) -> Digest {
        let mac = hmac::sign(&self.digest, token.expose_secret().as_bytes());
        let mut digest = Digest::default();
        digest.iter_mut().zip(mac.as_ref()).for_each(|(to, from)| *to = *from);
        digest
    }

    /// The version, the nonce, and the sealed lifetime and token with their tag.
    pub(super) fn seal(&self, name: &str, token: &StoredToken) -> Result<SealedToken, StoreError> {
        let StoredToken { access_token, lifetime, left } = token;
        let digest = self.digest(access_token);
        let text = access_token.expose_secret().as_bytes();
        let mut clear = Zeroizing::new(Vec::with_capacity(LIFETIME_LEN + text.len()));
        clear.extend(millis(*lifetime).to_be_bytes());
        clear.extend(text);
        let (nonce, tag) = self
            .sealing
            .seal_in_place_separate_tag(Aad::from(associated(name, &digest)), &mut clear)
            .map_err(|Unspecified| StoreError::new("aws-lc cannot seal the token"))?;
        let sealed = [&[VERSION], &nonce.as_ref()[..], &clear, tag.as_ref()].concat();
        Ok(SealedToken { sealed, digest, left: left.unwrap_or(UNKNOWN_LIFETIME) })
    }

    /// `None` if it was sealed under other keys, for another entry or in another format, or has been changed.
    pub(super) fn open(&self, name: &str, token: &SealedToken) -> Option<StoredToken> {
        let (version, rest) = token.sealed.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN)?;
        if *version != VERSION {
            return None;
        }
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let associated = Aad::from(associated(name, &token.digest));
        let clear = self.sealing.open_in_place(nonce, associated, &mut sealed).ok()?;
        let (lifetime, text) = clear.split_first_chunk::<LIFETIME_LEN>()?;
        let access_token = AccessToken::new(str::from_utf8(text).ok()?).ok()?;
        let lifetime = match u64::from_be_bytes(*lifetime) {
            u64::MAX => None,
            millis => Some(Duration::from_millis(millis)),
        };
        // An attacker who writes to the store cannot make a token live longer than it did when it was new.
        let left = lifetime.map(|lifetime| token.left.min(lifetime));
        Some(StoredToken { access_token, lifetime, left })
    }
}

fn associated(name: &str, digest: &Digest) -> Vec<u8> {
    [&[VERSION], name.as_bytes(), digest].concat()
}

fn millis(lifetime: Option<Duration>) -> u64 {
    let millis = |lifetime: Duration| u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
    lifetime.map_or(u64::MAX, |lifetime| millis(lifetime).min(u64::MAX - 1))
}

/// The version of the derivation and of the sealed bytes.
const VERSION: u8 = 1;
const KEY_LEN: usize = 32;
/// Milliseconds of the whole lifetime; `u64::MAX` if it is unknown.
const LIFETIME_LEN: usize = 8;
/// How long a token of unknown lifetime is kept.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(60 * 60);

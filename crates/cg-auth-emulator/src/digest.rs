//! [`DigestKey`] and [`Shown`]: what the log says about the secrets and tokens of a request.

use std::fmt;

use aws_lc_rs::hmac;

/// The key of an emulator's digests. `Debug` shows no key.
///
/// A digest is the same for the same value as long as the emulator runs, and under a seed in every run. It
/// is keyed, so that a digest in a report cannot be searched for in a table of digests.
#[derive(Clone)]
pub(crate) struct DigestKey(hmac::Key);

impl DigestKey {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        // The generator of the tokens stays untouched, so that digests do not change which tokens a seed gives.
        let mut random = seed.map_or_else(fastrand::Rng::new, |seed| fastrand::Rng::with_seed(!seed));
        let mut key = [0; 32];
        random.fill(&mut key);
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// 16 hexadecimal digits of the HMAC-SHA256 of `value`.
    pub(crate) fn digest(&self, value: &[u8]) -> String {
        let tag = hmac::sign(&self.0, value);
        tag.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey")
    }
}

/// Which user a request names, and the digests of the secret and tokens that it shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The user's name as the service has it; `None` if the service knows no such user.
    pub(crate) user: Option<String>,
    pub(crate) client_secret: Option<String>,
    pub(crate) access_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
}

/// The digests of the tokens that an answer issues. An answer of the service carries them as an extension.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) access_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_stable_under_a_seed_and_differs_between_keys_and_values() {
        let (one, same, other) = (DigestKey::new(Some(1)), DigestKey::new(Some(1)), DigestKey::new(Some(2)));
        assert_eq!(one.digest(b"a"), same.digest(b"a"));
        assert_eq!(one.digest(b"a").len(), 16);
        assert_ne!(one.digest(b"a"), one.digest(b"b"));
        assert_ne!(one.digest(b"a"), other.digest(b"a"));
        assert_ne!(DigestKey::new(None).digest(b"a"), DigestKey::new(None).digest(b"a"));
    }
}

//! [`SigningKey`]: what marks a token as this emulator's own.
//!
//! HMAC comes with TLS anyway. A JWT library would add a process-wide choice of its cryptography, which a
//! test helper must not make for the program it is linked into.

use aws_lc_rs::hmac;

/// A key for HMAC-SHA256. `Debug` shows the algorithm only.
#[derive(Debug)]
pub(crate) struct SigningKey(hmac::Key);

impl SigningKey {
    /// A key that `random` draws. The randomness is a test helper's: it keeps emulators apart, it does not
    /// withstand an attacker.
    pub(crate) fn drawn_by(random: &mut fastrand::Rng) -> Self {
        let mut key = [0; 32];
        random.fill(&mut key);
        Self::new(&key)
    }

    pub(crate) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, bytes)
    }

    pub(crate) fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.0, bytes, signature).is_ok()
    }
}

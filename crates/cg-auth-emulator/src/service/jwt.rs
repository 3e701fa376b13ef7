//! Access tokens: HS256 JSON Web Tokens (RFC 7515, RFC 7519), and the key that signs them.
//!
//! The HMAC comes with the TLS library. A JWT library would choose a cryptography provider for the whole
//! process, and a test helper must not do that to the program that links it.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    /// When the service issued the token, in seconds since 1970.
    pub(super) iat: u64,
    /// The first second in which the service refuses the token, in seconds since 1970.
    pub(super) exp: u64,
    /// The token's user.
    pub(super) upn: String,
    /// The token's unique id.
    pub(super) jti: String,
    /// The id of the token's family, which every token of one delegation has in common.
    pub(super) sid: String,
}

impl Claims {
    /// The signed token with these claims.
    pub(super) fn sign(&self, key: &SigningKey) -> String {
        let claims = serde_json::to_vec(self).unwrap_or_default();
        let signed = format!("{}.{}", encode(HEADER), encode(&claims));
        let signature = key.sign(signed.as_bytes());
        format!("{signed}.{}", encode(signature.as_ref()))
    }

    /// The claims of a token that `key` signed. The caller checks `exp`.
    pub(super) fn verify(token: &str, key: &SigningKey) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        if !key.has_signed(signed.as_bytes(), &decode(signature)?) {
            return None;
        }
        let (_, claims) = signed.split_once('.')?;
        serde_json::from_slice(&decode(claims)?).ok()
    }
}

/// A key for HMAC-SHA256. `Debug` shows the algorithm only.
#[derive(Debug)]
pub(super) struct SigningKey(hmac::Key);

impl SigningKey {
    pub(super) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// A key from `random`, which is not a cryptographic generator. The key keeps the tokens of two emulators
    /// apart, but does not withstand an attacker.
    pub(super) fn random(random: &mut fastrand::Rng) -> Self {
        let mut key = [0; 32];
        random.fill(&mut key);
        Self::new(&key)
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, bytes)
    }

    fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.0, bytes, signature).is_ok()
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes strictly, unlike `cg_auth_core`. RFC 7515 allows no padding, and a lenient decoder would accept
/// altered copies of a token.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The header of every token. `verify` need not read it, because `key` signs no other header.
const HEADER: &[u8] = br#"{"alg":"HS256","typ":"JWT"}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_token_verifies_to_its_claims() {
        let key = SigningKey::new(&[7; 32]);
        assert_eq!(Claims::verify(&claims("\"ü\"@x").sign(&key), &key), Some(claims("\"ü\"@x")));
    }

    #[test]
    fn the_signature_matches_the_example_of_rfc_7515() {
        // Appendix A.1. Only the HMAC is compared, since the header there has line breaks.
        let key =
            decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                      eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = SigningKey::new(&key.unwrap()).sign(signed.as_bytes());
        assert_eq!(encode(signature.as_ref()), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn a_token_without_this_keys_signature_is_refused() {
        let key = SigningKey::new(&[7; 32]);
        let token = claims("u@x").sign(&key);
        let forged = claims("u@x").sign(&SigningKey::new(&[8; 32]));
        let (signed, _) = token.rsplit_once('.').unwrap();
        for token in
            ["", ".", "..", "a.b.c", "eyJ", signed, &format!("{signed}."), &forged, &format!("{token}A")]
        {
            assert_eq!(Claims::verify(token, &key), None, "{token}");
        }
    }

    fn claims(upn: &str) -> Claims {
        Claims { iat: 1, exp: 2, upn: upn.to_owned(), jti: "j".to_owned(), sid: "s".to_owned() }
    }
}

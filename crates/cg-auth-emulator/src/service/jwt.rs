//! Access tokens: HS256 JSON Web Tokens (RFC 7515, RFC 7519), signed and verified.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::signing_key::SigningKey;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// When it was issued, in seconds since 1970.
    pub(crate) iat: u64,
    /// From when on it is refused, in seconds since 1970.
    pub(crate) exp: u64,
    /// Whose it is.
    pub(crate) upn: String,
    /// What sets it apart from every other token.
    pub(crate) jti: String,
    /// The session that it belongs to: what it shares with the tokens that were had by refreshing.
    pub(crate) sid: String,
}

impl Claims {
    /// The token that says so.
    pub(crate) fn sign(&self, key: &SigningKey) -> String {
        let claims = serde_json::to_vec(self).unwrap_or_default();
        let signed = format!("{}.{}", encode(HEADER), encode(&claims));
        let signature = key.sign(signed.as_bytes());
        format!("{signed}.{}", encode(signature.as_ref()))
    }

    /// The claims of a token that `key` signed; whether it has expired is another question.
    pub(crate) fn verify(token: &str, key: &SigningKey) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        if !key.has_signed(signed.as_bytes(), &decode(signature)?) {
            return None;
        }
        let (_, claims) = signed.split_once('.')?;
        serde_json::from_slice(&decode(claims)?).ok()
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The one header that is ever written; what is verified with the key was written with it.
const HEADER: &[u8] = br#"{"alg":"HS256","typ":"JWT"}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_token_is_read_back() {
        let key = SigningKey::new(&[7; 32]);
        assert_eq!(Claims::verify(&claims("\"ü\"@x").sign(&key), &key), Some(claims("\"ü\"@x")));
    }

    #[test]
    fn the_signature_is_that_of_rfc_7515() {
        // RFC 7515 appendix A.1; only the HMAC itself is compared.
        let key =
            decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                      eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = SigningKey::new(&key.unwrap()).sign(signed.as_bytes());
        assert_eq!(encode(signature.as_ref()), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn whatever_this_key_did_not_sign_is_refused() {
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

//! [`RefreshTicket`]: the content of a refresh token, which is opaque to every client.

use cg_auth_core::model::RefreshToken;

use super::jwt::SigningKey;

/// The family of a refresh token, and its serial number in that family.
///
/// The token contains both numbers and a signature, so the service recognises a token of any age without
/// storing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RefreshTicket {
    pub(super) family: u64,
    /// How many refresh tokens of the family were issued before this one.
    pub(super) serial: u32,
}

impl RefreshTicket {
    #[allow(clippy::expect_used)] // hexadecimal digits are visible ASCII
    pub(super) fn token(self, key: &SigningKey) -> RefreshToken {
        let place = format!("{:016x}{:08x}", self.family, self.serial);
        let token = format!("{place}{}", signature(&place, key));
        RefreshToken::new(token).expect("digits are visible ASCII")
    }

    /// The content of a token that `key` signed; `None` for any other bytes.
    pub(super) fn read(token: &[u8], key: &SigningKey) -> Option<Self> {
        let token = std::str::from_utf8(token).ok()?;
        let (place, signed) = token.split_at_checked(24)?;
        if signature(place, key) != signed {
            return None;
        }
        let (family, serial) = place.split_at_checked(16)?;
        let family = u64::from_str_radix(family, 16).ok()?;
        Some(Self { family, serial: u32::from_str_radix(serial, 16).ok()? })
    }
}

/// Half of an HMAC-SHA256, which is enough for a test helper.
fn signature(place: &str, key: &SigningKey) -> String {
    let tag = key.sign(format!("refresh token {place}").as_bytes());
    tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_signed_with_this_key_is_read() {
        let key = SigningKey::new(b"one");
        let ticket = RefreshTicket { family: 7, serial: 3 };
        let token = ticket.token(&key);
        let text = token.expose_secret();
        assert_eq!(RefreshTicket::read(text.as_bytes(), &key), Some(ticket));
        for other in
            ["", "é", "0000000000000007000", &text[1..], &format!("{text}0"), &text.replace('7', "8")]
        {
            assert_eq!(RefreshTicket::read(other.as_bytes(), &key), None, "{other}");
        }
        assert_eq!(RefreshTicket::read(text.as_bytes(), &SigningKey::new(b"other")), None);
    }
}

//! Reading text from files, pipes and tokens: [`without_newline`] and [`decode_base64url`].

use base64::{
    Engine as _,
    alphabet::{Alphabet, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

/// Removes one newline (LF or CRLF) from the end of `text`, because editors and `echo` append one to a
/// secret.
///
/// ```
/// use cg_auth_core::model::without_newline;
///
/// assert_eq!(without_newline("s3cret\r\n"), "s3cret");
/// assert_eq!(without_newline("s3cret\n\n"), "s3cret\n");
/// assert_eq!(without_newline("s3cret\r"), "s3cret\r");
/// ```
#[must_use]
pub fn without_newline(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

/// Decodes base64url, the encoding of the parts of a JWT. `None` if `text` is not base64url.
///
/// It accepts padding, although RFC 7515 section 2 does not allow it. Dropping the bytes zeroes them.
///
/// ```
/// use cg_auth_core::model::decode_base64url;
///
/// assert_eq!(decode_base64url("e30").as_deref(), Some(&b"{}".to_vec()));
/// assert_eq!(decode_base64url("e30="), decode_base64url("e30"));
/// assert_eq!(decode_base64url("{}"), None);
/// ```
#[must_use]
pub fn decode_base64url(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    decode_base64(&URL_SAFE, text.as_bytes())
}

/// Decodes base64 with or without padding. `None` if `text` is not that. What it decodes before a character that does
/// not belong there is zeroed too.
pub(crate) fn decode_base64(alphabet: &Alphabet, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let mut decoded = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = GeneralPurpose::new(alphabet, config).decode_slice(text, &mut decoded).ok()?;
    decoded.truncate(length);
    Some(decoded)
}

/// `bytes` as text, with U+FFFD for what is not UTF-8. The text is zeroed, and never grows.
pub(crate) fn lossy_text(bytes: &[u8]) -> Zeroizing<String> {
    let pieces = || {
        let chunks = bytes.utf8_chunks();
        chunks.flat_map(|chunk| [chunk.valid(), if chunk.invalid().is_empty() { "" } else { "\u{FFFD}" }])
    };
    let mut text = Zeroizing::new(String::with_capacity(pieces().map(str::len).sum()));
    text.extend(pieces());
    text
}

/// Whether each of `bytes` stands from `first` to `last`.
///
/// It reads a block whole and takes the largest distance, so that a block compiles to a few SIMD instructions.
pub(crate) fn all_between(bytes: &[u8], first: u8, last: u8) -> bool {
    let mut farthest = [0_u8; 64];
    let (blocks, rest) = bytes.as_chunks::<64>();
    for block in blocks {
        for (farthest, byte) in farthest.iter_mut().zip(block) {
            *farthest = (*farthest).max(byte.wrapping_sub(first));
        }
    }
    let rest = rest.iter().map(|byte| byte.wrapping_sub(first));
    farthest.into_iter().chain(rest).fold(0, u8::max) <= last - first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_between_two_if_each_is_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            let expected = (b'!'..=b'~').contains(&byte);
            for length in [1, 63, 64, 65, 200] {
                for at in [0, length / 2, length - 1] {
                    let mut bytes = vec![b'a'; length];
                    bytes[at] = byte;
                    assert_eq!(all_between(&bytes, b'!', b'~'), expected, "{byte} at {at} of {length}");
                }
            }
        }
        assert!(all_between(b"", b'!', b'~'));
    }

    #[test]
    fn what_is_no_utf_8_becomes_replacement_characters_in_a_text_that_does_not_grow() {
        for bytes in
            [&b""[..], b"abc", b"\xff", b"a\xffb\xc3", b"\xe2\x82", "é\u{fffd}".as_bytes(), &[0x80; 99]]
        {
            let text = lossy_text(bytes);
            assert_eq!(*text, String::from_utf8_lossy(bytes));
            assert_eq!(text.capacity(), text.len());
        }
    }
}

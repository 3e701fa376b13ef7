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

/// Whether one of `bytes` is `wanted`.
///
/// It reads every byte of a block instead of stopping at the first, so that a block compiles to a few SIMD
/// instructions.
pub(crate) fn holds(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> bool {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let (small_blocks, rest) = rest.as_chunks::<16>();
    let holds = |bytes: &[u8]| bytes.iter().fold(false, |found, byte| found | wanted(*byte));
    blocks.iter().any(|block| holds(block)) || small_blocks.iter().any(|block| holds(block)) || holds(rest)
}

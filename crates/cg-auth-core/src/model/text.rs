//! Reading text from files, pipes and tokens: [`without_newline`] and [`decode_base64url`].

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
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
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&URL_SAFE, config).decode(text).ok().map(Zeroizing::new)
}

/// Whether one of `bytes` is `wanted`.
///
/// It reads every byte of a block instead of stopping at the first, so that a block compiles to a few SIMD
/// instructions.
pub(crate) fn holds(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> bool {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let holds = |bytes: &[u8]| bytes.iter().fold(false, |found, byte| found | wanted(*byte));
    blocks.iter().any(|block| holds(block)) || holds(rest)
}

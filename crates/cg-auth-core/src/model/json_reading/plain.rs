//! [`PlainJson`]: a document without the escapes that a token may have.

use zeroize::Zeroizing;

/// A JSON document in which a text stands as it is, as far as JSON allows.
///
/// `serde_json` decodes a text with an escape in a buffer of its own, which it does not zero. Some services
/// escape the `+` and the `/` of a token. So these are decoded here, in a buffer that is zeroed. Only quotes,
/// backslashes, control characters and invalid escapes stay escaped.
pub(crate) enum PlainJson<'a> {
    AsSent(&'a [u8]),
    Decoded(Zeroizing<Vec<u8>>),
}

impl<'a> PlainJson<'a> {
    /// The document in `bytes`. One UTF-8 byte order mark before it is skipped.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        let document = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        if memchr::memchr(b'\\', document).is_none() {
            return Self::AsSent(document);
        }
        // A decoded escape is never longer than the escape, so the buffer does not grow.
        let mut decoded = Zeroizing::new(Vec::with_capacity(document.len()));
        let mut is_in_text = false;
        let mut at = 0;
        while at < document.len() {
            let rest = &document[at..];
            let length = match rest {
                [b'\\', ..] if is_in_text => push_escape(rest, &mut decoded),
                [byte, ..] => {
                    is_in_text ^= *byte == b'"';
                    decoded.push(*byte);
                    1
                }
                [] => 1,
            };
            at += length;
        }
        Self::Decoded(decoded)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::AsSent(document) => document,
            Self::Decoded(document) => document,
        }
    }
}

/// Appends the escape sequence at the start of `text`, decoded if it can be, and returns its length.
fn push_escape(text: &[u8], decoded: &mut Vec<u8>) -> usize {
    if text.get(1) == Some(&b'/') {
        decoded.push(b'/');
        return 2;
    }
    let (unit, length) = match (code_unit(text), text.get(6..).and_then(code_unit)) {
        (Some(high @ 0xD800..0xDC00), Some(low @ 0xDC00..0xE000)) => {
            (Some(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)), 12)
        }
        (unit, _) => (unit, 6),
    };
    match unit.and_then(char::from_u32).filter(|letter| *letter >= ' ' && !matches!(letter, '"' | '\\')) {
        Some(letter) => {
            decoded.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            length
        }
        None => {
            // A decoded digit would complete an escape that lacks one. So after it all stays as it was sent.
            let lacks_digits = text.get(1) == Some(&b'u') && unit.is_none();
            let length = if lacks_digits { text.len() } else { text.len().min(2) };
            decoded.extend_from_slice(&text[..length]);
            length
        }
    }
}

/// The number in the escape `\u0041` at the start of `text`.
fn code_unit(text: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = text else { return None };
    let digits = std::str::from_utf8(digits.get(..4)?).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_if_the_document_stays_the_same() {
        for (document, expected) in [
            (r#"{"a\/b":"\u002B\u00e9\ud83d\ude00\/"}"#, r#"{"a/b":"+é😀/"}"#),
            (r#"["\"\\\n\u0022\u005c\u0000\b"]"#, r#"["\"\\\n\u0022\u005c\u0000\b"]"#),
            (r#"["\\\"\u0041"]"#, r#"["\\\"A"]"#),
            (r#"["\ud800","\ud800\u0041","\u+041","\u00"]"#, r#"["\ud800","\ud800A","\u+041","\u00"]"#),
            (r#"\u0041"\u0041"\u0041"\u004"#, r#"\u0041"A"\u0041"\u004"#),
            (r#"["\u00\u0034\u0031"]"#, r#"["\u00\u0034\u0031"]"#),
            (r#"["\ud83d\ude0\u0030"]"#, r#"["\ud83d\ude0\u0030"]"#),
            ("\"\\", "\"\\"),
        ] {
            let plain = PlainJson::of(document.as_bytes());
            assert_eq!(String::from_utf8_lossy(plain.as_bytes()), expected);
            let [sent, plain] = [document.as_bytes(), plain.as_bytes()]
                .map(|document| serde_json::from_slice::<serde_json::Value>(document).ok());
            assert_eq!(sent, plain);
        }
    }
}

//! Keeps what was sent as a secret out of what a server says about it.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};
use zeroize::Zeroizing;

/// The secrets to replace, longest form first.
///
/// Each is found raw, base64 (either alphabet, at any offset inside a longer text) and with any of its
/// characters percent-encoded, JSON-escaped or written as an HTML reference.
pub(super) struct Redaction(Vec<Zeroizing<Vec<u8>>>);

impl Redaction {
    pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut forms = Vec::new();
        for secret in secrets.filter(|secret| !secret.is_empty()) {
            forms.extend(base64_forms(secret));
            forms.push(Zeroizing::new(secret.to_vec()));
        }
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self(forms)
    }

    /// `text` with every secret replaced, at most about `limit` bytes of it.
    pub(super) fn apply(&self, text: &str, limit: usize) -> String {
        let mut shown = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let hidden = self.0.iter().filter_map(|form| length_of(form, rest.as_bytes())).max();
            let (piece, taken) = match hidden {
                Some(length) => (REPLACEMENT, length),
                None => (&rest[..next.len_utf8()], next.len_utf8()),
            };
            if shown.len() + piece.len() > limit {
                break;
            }
            shown.push_str(piece);
            rest = &rest[taken..];
        }
        shown
    }

    /// One line of a message for people.
    pub(super) fn apply_to_line(&self, line: &str) -> String {
        self.apply(line, LINE_LIMIT)
    }
}

const REPLACEMENT: &str = "[redacted]";

/// What is kept of one line, in bytes.
const LINE_LIMIT: usize = 4096;

/// The characters of `secret`'s base64 form that do not depend on what stands before or after it.
fn base64_forms(secret: &[u8]) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    [(STANDARD, 0), (STANDARD, 1), (STANDARD, 2), (URL_SAFE, 0), (URL_SAFE, 1), (URL_SAFE, 2)]
        .into_iter()
        .flat_map(move |(alphabet, offset)| {
            let mut shifted = Zeroizing::new(vec![0; offset]);
            shifted.extend_from_slice(secret);
            let whole = Zeroizing::new(GeneralPurpose::new(&alphabet, NO_PAD).encode(shifted.as_slice()));
            let start = if offset == 0 { 0 } else { offset + 1 };
            let end = if shifted.len().is_multiple_of(3) { whole.len() } else { whole.len() - 1 };
            let inner = Zeroizing::new(whole.as_bytes().get(start..end).unwrap_or_default().to_vec());
            let alone = (offset == 0).then(|| Zeroizing::new(whole.as_bytes().to_vec()));
            alone.into_iter().chain([inner])
        })
        .filter(|form| form.len() >= SHORTEST_BASE64)
}

/// A shorter run of base64 characters is found in any text.
const SHORTEST_BASE64: usize = 4;

/// How many bytes of `text` are `form`, raw or with escapes, if it starts with it.
///
/// What could begin an escape may also stand for itself, so every reading is followed.
fn length_of(form: &[u8], text: &[u8]) -> Option<usize> {
    let (first, others) = form.split_first()?;
    // One look settles nearly every place in a text.
    if !text.first().is_some_and(|byte| byte == first || b"%\\&".contains(byte)) {
        return None;
    }
    let mut ends: Vec<usize> = readings(*first, text).collect();
    for expected in others {
        let go_on = |at: usize| readings(*expected, &text[at..]).map(move |length| at + length);
        ends = ends.into_iter().flat_map(go_on).collect();
        ends.sort_unstable();
        ends.dedup();
    }
    ends.into_iter().max()
}

/// The lengths of what `text` may begin with to mean the byte `expected`.
fn readings(expected: u8, text: &[u8]) -> impl Iterator<Item = usize> {
    let raw = (text.first() == Some(&expected)).then_some(1);
    // In JSON that is quoted in JSON, the backslash of an escape is escaped itself.
    let backslashes = text.iter().take(2).take_while(|byte| **byte == b'\\').count();
    let escaped = (0..=backslashes).filter_map(move |skipped| {
        let (byte, length) = unescape(&text[skipped..])?;
        (byte == expected).then_some(skipped + length)
    });
    raw.into_iter().chain(escaped)
}

/// The byte that an escape sequence at the start of `text` stands for, and the length of the sequence.
fn unescape(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'%', digits @ ..] => Some((number(digits.get(..2)?, 16)?, 3)),
        [b'\\', b'u', digits @ ..] => Some((number(digits.get(..4)?, 16)?, 6)),
        [b'\\', byte @ (b'"' | b'\\' | b'/'), ..] => Some((*byte, 2)),
        [b'&', reference @ ..] => {
            let length = reference.iter().take(LONGEST_REFERENCE).position(|byte| *byte == b';')?;
            let byte = match &reference[..length] {
                [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
                [b'#', digits @ ..] => number(digits, 10)?,
                b"amp" => b'&',
                b"lt" => b'<',
                b"gt" => b'>',
                b"quot" => b'"',
                b"apos" => b'\'',
                _ => return None,
            };
            Some((byte, length + 2))
        }
        _ => None,
    }
}

const LONGEST_REFERENCE: usize = 10;

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok().and_then(|value| value.try_into().ok())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD as BASE64;

    use super::*;

    const SECRET: &str = "w/Dec+q\"9&<\\==";

    #[test]
    fn a_secret_is_found_in_every_form_it_may_be_echoed_in() {
        let redaction = Redaction::of([SECRET.as_bytes()].into_iter());
        let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let html: String = SECRET.bytes().map(|byte| format!("&#x{byte:X};")).collect();
        let unicode: String = SECRET.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        for echo in [
            SECRET.to_owned(),
            serde_json::to_string(SECRET).unwrap().trim_matches('"').to_owned(),
            "w\\/Dec\\u002Bq\\\"9\\u0026\\u003C\\\\==".to_owned(),
            "w/Dec+q&quot;9&amp;&lt;\\==".to_owned(),
            "w%2FDec%2Bq%229%26%3C%5C%3D%3D".to_owned(),
            percent,
            html,
            unicode,
            r#"w/Dec\\u002Bq\\\"9&<\\\\=="#.to_owned(),
        ] {
            assert_eq!(redaction.apply(&format!("<{echo}>"), 512), "<[redacted]>", "{echo}");
        }
        for before in ["", "a", "ab", "abc", "someone@example.com:"] {
            for after in ["", ":", "::", ":::"] {
                let echo = BASE64.encode(format!("{before}{SECRET}{after}"));
                let shown = redaction.apply(&echo, 512);
                assert!(shown.contains("[redacted]"), "{before:?} {after:?} {shown}");
                assert!(shown.len() <= echo.len(), "{before:?} {after:?} {shown}");
            }
        }
    }

    #[test]
    fn a_secret_on_the_edge_of_the_limit_is_not_cut_in_two() {
        let redaction = Redaction::of([SECRET.as_bytes()].into_iter());
        for room in 0..40 {
            let shown = redaction.apply(&format!("{}{SECRET}", "x".repeat(room)), 30);
            assert!(!shown.contains('w') && shown.len() <= 30, "{shown}");
        }
    }

    #[test]
    fn a_secret_that_looks_escaped_itself_is_found() {
        for (secret, echo) in [
            ("a%25\\b", "a%25\\\\b"),
            ("a%41\"b", "a%41\\\"b"),
            ("a&lt;/b", "a&lt;%2Fb"),
            ("\\\\\\x", "\\\\\\\\\\\\x"),
        ] {
            let redaction = Redaction::of([secret.as_bytes()].into_iter());
            assert_eq!(redaction.apply(&format!("<{echo}>"), 512), "<[redacted]>", "{echo}");
        }
    }

    #[test]
    fn other_text_is_left_alone() {
        let redaction = Redaction::of([SECRET.as_bytes(), b""].into_iter());
        let text = "100%, \\u00zz &nosuch; &#; é 日本 w/Dec+q %";
        assert_eq!(redaction.apply(text, 512), text);
    }
}

//! [`Redaction`]: replaces secrets in text that a server sent.

mod view;

use std::ops::Range;

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};
use zeroize::Zeroizing;

use self::view::{View, searchable};

/// Replaces secrets in a text.
///
/// It finds each secret raw and in base64 (both alphabets, at any offset inside a longer text). It searches
/// the text as it is, and with percent-encoding, JSON escapes and HTML references decoded, up to twice. The
/// work grows linearly with the length of the text, because a server may choose a text that makes a naive
/// search slow.
pub(super) struct Redaction {
    /// Every secret in each encoding that is searched for.
    forms: Vec<Zeroizing<String>>,
}

impl Redaction {
    pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a [u8]>) -> Self {
        let secrets = secrets.filter(|secret| !secret.is_empty());
        let forms = secrets.flat_map(|secret| base64_forms(secret).chain([Zeroizing::new(secret.to_vec())]));
        Self { forms: forms.map(|form| Zeroizing::new(searchable(&form))).collect() }
    }

    /// Returns `text` with every secret replaced, cut at `limit` bytes.
    pub(super) fn apply(&self, text: &str, limit: usize) -> String {
        // A secret may start before the limit and end after it.
        let longest = self.forms.iter().map(|form| form.len()).max().unwrap_or(0);
        let window = limit.saturating_add(longest.saturating_mul(LONGEST_ESCAPE));
        let text = &text[..boundary_before(text, window)];

        let mut shown = String::new();
        let mut at = 0;
        for secret in self.find(text) {
            shown.push_str(&text[at..boundary_before(text, secret.start).max(at)]);
            if shown.len() + REPLACEMENT.len() > limit {
                shown.truncate(boundary_before(&shown, limit));
                return shown;
            }
            shown.push_str(REPLACEMENT);
            at = boundary_after(text, secret.end);
        }
        shown.push_str(&text[at..]);
        shown.truncate(boundary_before(&shown, limit));
        shown
    }

    /// Returns one line of a message with every secret replaced, cut at 4096 bytes.
    pub(super) fn apply_to_line(&self, line: &str) -> String {
        self.apply(line, LINE_LIMIT)
    }

    /// Finds the secrets: their ranges in order, with touching ranges merged.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        View::each(text, |view| {
            for form in &self.forms {
                found.extend(view.find(form));
            }
        });
        found.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in found {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }
}

fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn boundary_after(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

const REPLACEMENT: &str = "[redacted]";

/// The most bytes of one line that are kept.
const LINE_LIMIT: usize = 4096;

/// The most bytes that encode one byte of a secret: an HTML reference with leading zeros.
const LONGEST_ESCAPE: usize = 16;

/// The parts of `secret`'s base64 forms that do not depend on the bytes before and after it.
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

/// A shorter base64 form would match ordinary text.
const SHORTEST_BASE64: usize = 4;

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD as BASE64;

    use super::*;

    const SECRET: &str = "w/Dec+q\"9&<\\==";

    #[test]
    fn a_secret_is_found_in_every_encoding() {
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
            "w%252FDec%252Bq%22%39%26%253C%5C==".to_owned(),
            "w/Dec\\x2Bq&#0000000034;9&<\\==".to_owned(),
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
    fn a_secret_at_the_limit_leaves_no_part_of_itself() {
        let redaction = Redaction::of([SECRET.as_bytes()].into_iter());
        for room in 0..40 {
            let shown = redaction.apply(&format!("{}{SECRET}", "x".repeat(room)), 30);
            assert!(!shown.contains('w') && shown.len() <= 30, "{shown}");
        }
    }

    #[test]
    fn a_secret_that_contains_escape_sequences_is_found() {
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

    /// A quadratic search would take minutes here. The test asserts no time, because a hang is obvious.
    #[test]
    fn a_text_that_almost_matches_everywhere_is_searched_in_linear_time() {
        for (letter, count) in [("a", 200_000), ("\\", 200_000), ("%2", 100_000), ("&#", 100_000)] {
            let secret = letter.repeat(count / 2) + "b";
            let redaction = Redaction::of([secret.as_bytes(), b"b"].into_iter());
            let shown = redaction.apply(&letter.repeat(count), usize::MAX);
            assert_eq!(shown.len(), letter.len() * count);
        }
    }

    #[test]
    fn other_text_is_unchanged() {
        let redaction = Redaction::of([SECRET.as_bytes(), b""].into_iter());
        let text = "100%, \\u00zz &nosuch; &#; é 日本 w/Dec+q %";
        assert_eq!(redaction.apply(text, 512), text);
    }
}

//! [`Redaction`]: replaces secrets in text that a server sent.

mod needle;
mod view;
mod words;

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use zeroize::Zeroizing;

pub(super) use self::words::{
    TextKind, is_like_a_value, names_a_secret, names_the_value, quoted_values, token_values,
};
use self::{
    needle::Needle,
    view::View,
    words::{hidden_words, is_one_value},
};
use crate::model::lossy_text;

/// Replaces secrets in a text: those that it knows, and words that look like a token.
///
/// A known secret is found raw, percent-encoded, escaped for JSON or HTML to any depth, in base64 (both
/// alphabets, at any offset inside a longer text), in hexadecimal digits, in any case, and with white space,
/// control characters or NULs between its characters. Only the first [`WINDOW`] bytes of a text are searched,
/// and nothing after them is shown. The work grows linearly with the text and with the secrets, because a
/// server may choose both.
#[derive(Default)]
pub(super) struct Redaction {
    raw: Vec<Needle>,
    decoded: Vec<Needle>,
    letters: Vec<Needle>,
    shows_nothing: bool,
}

impl Redaction {
    pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut redaction = Self::default();
        for secret in secrets {
            redaction.add(secret);
        }
        redaction
    }

    fn add(&mut self, secret: &[u8]) {
        // No text that is searched holds more of the secret than this.
        let secret = &secret[..secret.len().min(WINDOW)];
        let decoded = View::decoded(secret);
        // A blank inside of what looks like an escape sequence of the secret makes it none.
        let undecoded = Some(View::undecoded(secret)).filter(|it| it.bytes() != decoded.bytes());
        let letters = decoded.letters().bytes().clone();
        self.raw.extend(Needle::new(Zeroizing::new(secret.to_vec())));
        self.decoded.extend(Needle::new(decoded.bytes().clone()));
        self.decoded.extend(undecoded.and_then(|it| Needle::new(it.bytes().clone())));
        if letters.len() >= SHORTEST_LETTERS {
            self.letters.extend(Needle::new(letters));
        }
        for bytes in [secret, &*utf_16(secret)] {
            for form in byte_forms(bytes) {
                self.letters.extend(Needle::new(form));
            }
        }
    }

    /// The redaction of an answer that holds more tokens than are searched for: it replaces all text.
    pub(super) fn of_everything() -> Self {
        Self { shows_nothing: true, ..Self::default() }
    }

    /// Returns `text` with every secret replaced, cut at `limit` bytes.
    pub(super) fn apply(&self, text: &str, kind: TextKind, limit: usize) -> String {
        let text = &text[..boundary_before(text, WINDOW)];
        let mut shown = String::new();
        let mut at = 0;
        for secret in self.find(text, kind) {
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

    /// Returns one line of a message, or a word of the service, with every secret replaced, cut at 4096
    /// bytes.
    pub(super) fn apply_to_line(&self, line: &str, kind: TextKind) -> String {
        self.apply(line, kind, LINE_LIMIT)
    }

    /// The first 512 bytes of a body as text, with every secret replaced.
    ///
    /// `None` for a body that cannot be searched: one with a NUL, which may be UTF-16, one that assigns a
    /// quoted value to a name such as `access_token`, one with more tokens than are searched for, and one that
    /// may itself be a token.
    pub(super) fn apply_to_body(&self, body: &[u8]) -> Option<String> {
        if body.contains(&0) || self.shows_nothing {
            return None;
        }
        let searched = lossy_text(&body[..body.len().min(WINDOW)]);
        hidden_words(&searched, TextKind::Prose).filter(|_| !is_one_value(&searched))?;
        Some(self.apply(&searched, TextKind::Prose, TEXT_LIMIT))
    }

    /// Finds the secrets: their ranges in order, with touching ranges merged.
    fn find(&self, text: &str, kind: TextKind) -> Vec<Range<usize>> {
        let Some(mut found) = (!self.shows_nothing).then(|| hidden_words(text, kind)).flatten() else {
            return Vec::from_iter((!text.is_empty()).then_some(0..text.len()));
        };
        let raw = View::raw(text.as_bytes());
        let decoded = View::decoded(text.as_bytes());
        // What looks like an escape sequence may be the letters of a secret and what stands before it.
        for (view, needles, shortest_part) in [
            (raw.letters(), &self.letters, SHORTEST_LETTERS),
            (decoded.letters(), &self.letters, SHORTEST_LETTERS),
            (raw, &self.raw, 4),
            (decoded, &self.decoded, 4),
        ] {
            for needle in needles {
                needle.find(view.bytes(), shortest_part, |range| found.push(view.origin(&range)));
            }
        }
        found.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in found {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged.into_iter().map(|range| with_backslashes(text, &range)).collect()
    }
}

/// `range` with the backslashes around it, which no decoded view has.
fn with_backslashes(text: &str, range: &Range<usize>) -> Range<usize> {
    let before = text.as_bytes()[..range.start].iter().rev().take_while(|byte| **byte == b'\\').count();
    let after = text.as_bytes()[range.end..].iter().take_while(|byte| **byte == b'\\').count();
    range.start - before..range.end + after
}

fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn boundary_after(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

const REPLACEMENT: &str = "[redacted]";

/// The most bytes of a text that are searched and shown.
const WINDOW: usize = 16 * 1024;

/// The most bytes of a body that are kept.
const TEXT_LIMIT: usize = 512;

/// The most bytes of one line that are kept.
const LINE_LIMIT: usize = 4096;

/// Hexadecimal digits and base64 of `bytes`, as the letters and digits of a decoded text.
fn byte_forms(bytes: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let digit = |value: u8| char::from_digit(value.into(), 16).map_or(0, |digit| digit as u8);
    let mut hexadecimal = Zeroizing::new(Vec::with_capacity(2 * bytes.len()));
    for byte in bytes {
        hexadecimal.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    let mut forms = vec![hexadecimal];
    for offset in 0..3 {
        for mut form in base64_forms(bytes, offset) {
            form.retain(u8::is_ascii_alphanumeric);
            form.make_ascii_lowercase();
            forms.push(form);
        }
    }
    forms.retain(|form| form.len() >= SHORTEST_FORM);
    forms
}

/// The base64 of `bytes` `offset` bytes after a group's start: the part that does not depend on the bytes
/// around it, and all of it if nothing stands around it.
fn base64_forms(bytes: &[u8], offset: usize) -> [Zeroizing<Vec<u8>>; 2] {
    let mut shifted = Zeroizing::new(Vec::with_capacity(offset + bytes.len()));
    shifted.resize(offset, 0);
    shifted.extend_from_slice(bytes);
    let whole = Zeroizing::new(STANDARD_NO_PAD.encode(&*shifted).into_bytes());
    let start = if offset == 0 { 0 } else { offset + 1 };
    let end = if shifted.len().is_multiple_of(3) { whole.len() } else { whole.len().saturating_sub(1) };
    let inner = Zeroizing::new(whole.get(start..end).unwrap_or_default().to_vec());
    let alone = Zeroizing::new(whole.get(start..).unwrap_or_default().to_vec());
    [inner, if offset == 0 { alone } else { Zeroizing::default() }]
}

/// The text in UTF-16, as programs on Windows encode it before base64.
fn utf_16(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut wide = Zeroizing::new(Vec::with_capacity(2 * bytes.len()));
    for byte in bytes {
        wide.extend_from_slice(&[*byte, 0]);
    }
    wide
}

/// A shorter base64 form would match ordinary text.
const SHORTEST_FORM: usize = 4;

/// Fewer letters and digits of a secret would match ordinary text, whatever stands between them.
const SHORTEST_LETTERS: usize = 8;

#[cfg(test)]
mod tests;

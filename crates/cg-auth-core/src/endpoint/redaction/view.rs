//! [`View`]: a text with its escapes decoded, and the origin of each byte in the original text.

use std::ops::Range;

/// A text with up to two kinds of escapes decoded.
pub(super) struct View {
    /// The decoded text, as ASCII (see [`searchable`]).
    text: String,
    /// For each byte of `text` its start in the original, followed by the end of the last one.
    origins: Vec<usize>,
}

impl View {
    /// Passes to `show` the text as it is, then every view with one or two decoding steps.
    pub(super) fn each(text: &str, mut show: impl FnMut(&Self)) {
        let raw = Self { text: searchable(text.as_bytes()), origins: (0..=text.len()).collect() };
        show(&raw);
        for once in STEPS.iter().filter_map(|step| raw.decoded(*step)) {
            show(&once);
            for twice in STEPS.iter().filter_map(|step| once.decoded(*step)) {
                show(&twice);
            }
        }
    }

    /// The ranges of `form` in the original text, in bytes.
    pub(super) fn find(&self, form: &str) -> impl Iterator<Item = Range<usize>> {
        let matches = self.text.match_indices(form);
        matches.map(|(at, _)| self.origins[at]..self.origins[at + form.len()])
    }

    /// The view after one more decoding step; `None` if the step changes nothing.
    fn decoded(&self, step: Step) -> Option<Self> {
        let bytes = self.text.as_bytes();
        let mut decoded = Self { text: String::with_capacity(bytes.len()), origins: Vec::new() };
        let mut at = 0;
        while at < bytes.len() {
            let (byte, length) = step(&bytes[at..]).unwrap_or((bytes[at], 1));
            decoded.text.push(char::from(fold(byte)));
            decoded.origins.push(self.origins[at]);
            at += length;
        }
        decoded.origins.push(self.origins[at]);
        (decoded.text.len() < bytes.len()).then_some(decoded)
    }
}

/// Maps bytes to ASCII, so that the linear search for strings applies. Other bytes become control characters;
/// a false match only redacts more.
pub(super) fn searchable(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(fold(*byte))).collect()
}

const fn fold(byte: u8) -> u8 {
    if byte.is_ascii() { byte } else { byte & 0x1F }
}

/// Decodes the escape sequence at the start of a text into its byte and its length.
type Step = fn(&[u8]) -> Option<(u8, usize)>;

const STEPS: [Step; 3] = [percent_encoding, json_escape, html_reference];

fn percent_encoding(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'%', digits @ ..] => Some((number(digits.get(..2)?, 16)?, 3)),
        _ => None,
    }
}

fn json_escape(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'\\', b'u', digits @ ..] => Some((number(digits.get(..4)?, 16)?, 6)),
        [b'\\', b'x', digits @ ..] => Some((number(digits.get(..2)?, 16)?, 4)),
        [b'\\', byte @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((*byte, 2)),
        _ => None,
    }
}

fn html_reference(text: &[u8]) -> Option<(u8, usize)> {
    let [b'&', reference @ ..] = text else { return None };
    let length = reference.iter().take(LONGEST_REFERENCE).position(|byte| *byte == b';')?;
    let byte = match &reference[..length] {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        b"amp" => b'&',
        b"lt" => b'<',
        b"gt" => b'>',
        b"quot" => b'"',
        b"apos" => b'\'',
        b"plus" => b'+',
        b"sol" => b'/',
        b"equals" => b'=',
        _ => return None,
    };
    Some((byte, length + 2))
}

const LONGEST_REFERENCE: usize = 14;

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok().and_then(|value| value.try_into().ok())
}

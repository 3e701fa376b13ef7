//! [`View`]: a text with every escape decoded, and the origin of each byte in the original text.

use std::ops::Range;

use zeroize::Zeroizing;

/// A text in the form in which it is searched. A secret is searched for in the same form.
pub(super) struct View {
    bytes: Zeroizing<Vec<u8>>,
    /// For each byte its range in the original text.
    origins: Vec<Range<usize>>,
}

impl View {
    /// The text as it is.
    pub(super) fn raw(text: &[u8]) -> Self {
        let origins = (0..text.len()).map(|at| at..at + 1).collect();
        Self { bytes: Zeroizing::new(text.to_vec()), origins }
    }

    /// The text with every percent-encoding, JSON escape and HTML reference decoded, at any depth, in lower
    /// case. Only visible ASCII other than the backslash is left.
    ///
    /// Each byte that is read may complete an escape sequence, and each sequence shrinks the text. So the
    /// work grows linearly with the text, however deep the sequences are nested.
    pub(super) fn decoded(text: &[u8]) -> Self {
        let mut view = Self::with_capacity(text.len());
        // A space ends a word, so no escape sequence reaches over it.
        let mut word = 0;
        for (at, byte) in text.iter().enumerate() {
            view.push(*byte, at..at + 1);
            if *byte == b' ' {
                word = view.bytes.len();
            }
            while let Some((length, byte)) =
                escape_at_the_end(&view.bytes[word..]).or_else(|| line_break_at_the_end(&view.bytes))
            {
                let start = view.bytes.len() - length;
                let origin = view.origins[start].start..at + 1;
                view.bytes.truncate(start);
                view.origins.truncate(start);
                word = word.min(start);
                view.push(byte, origin);
            }
        }
        view.keeping(|byte| byte != b'\\')
    }

    /// The text as [`decoded`](Self::decoded) shows it with a blank after each of its characters, so that none
    /// of them belong to an escape sequence.
    pub(super) fn undecoded(text: &[u8]) -> Self {
        Self::raw(text).keeping(|byte| byte.is_ascii_graphic() && byte != b'\\')
    }

    /// The letters and digits alone. Base64 and hexadecimal digits are searched for here, so that neither
    /// separators nor the alphabet of base64 count.
    pub(super) fn letters(&self) -> Self {
        self.keeping(|byte| byte.is_ascii_alphanumeric())
    }

    pub(super) fn bytes(&self) -> &Zeroizing<Vec<u8>> {
        &self.bytes
    }

    /// The range of the original text that `range` stems from. `range` is not empty.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        self.origins[range.start].start..self.origins[range.end - 1].end
    }

    fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(capacity)), origins: Vec::with_capacity(capacity) }
    }

    /// Appends visible ASCII. White space, control characters and other bytes are dropped, because a server
    /// may put them between the characters of a secret.
    fn push(&mut self, byte: u8, origin: Range<usize>) {
        if byte.is_ascii_graphic() {
            self.bytes.push(byte);
            self.origins.push(origin);
        }
    }

    fn keeping(&self, keep: impl Fn(u8) -> bool) -> Self {
        let mut kept = Self::with_capacity(self.bytes.len());
        for (byte, origin) in self.bytes.iter().zip(&self.origins).filter(|(byte, _)| keep(**byte)) {
            kept.push(byte.to_ascii_lowercase(), origin.clone());
        }
        kept
    }
}

/// The length of the escape sequence with which `text` ends, and the byte that it stands for.
fn escape_at_the_end(text: &[u8]) -> Option<(usize, u8)> {
    match text {
        [.., b'\\', byte @ (b'"' | b'\\' | b'/' | b'\'')] => return Some((2, *byte)),
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f' | b'v' | b'0'] => return Some((2, 0)),
        [.., b';'] => return html_reference_at_the_end(text),
        _ => (),
    }
    // The shortest first: its digits may be those of a longer one that is not complete yet.
    [(&b"%"[..], 2), (b"\\x", 2), (b"\\X", 2), (b"\\u", 4), (b"%u", 4), (b"%U", 4)].iter().find_map(
        |(start, digits)| {
            let (before, code) = text.split_at_checked(text.len().checked_sub(*digits)?)?;
            Some((start.len() + digits, number(before.ends_with(start).then_some(code)?, 16)?))
        },
    )
}

/// The length of the HTML tag with which `text` ends, if it is a line break.
fn line_break_at_the_end(text: &[u8]) -> Option<(usize, u8)> {
    let tag =
        |tag: &&[u8]| text.len() >= tag.len() && text[text.len() - tag.len()..].eq_ignore_ascii_case(tag);
    LINE_BREAKS.into_iter().find(tag).map(|tag| (tag.len(), 0))
}

const LINE_BREAKS: [&[u8]; 3] = [b"<br>", b"<br/>", b"<wbr>"];

fn html_reference_at_the_end(text: &[u8]) -> Option<(usize, u8)> {
    let length = text.iter().rev().take(LONGEST_REFERENCE).position(|byte| *byte == b'&')? + 1;
    let byte = match &text[text.len() - length + 1..text.len() - 1] {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        name => NAMED.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))?.1,
    };
    Some((length, byte))
}

/// A number from 0 to 255. A greater one stands for a character that is no visible ASCII, so 0 does as well.
fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok().map(|value| value.try_into().unwrap_or(0))
}

const LONGEST_REFERENCE: usize = 16;

const NAMED: [(&str, u8); 24] = [
    ("amp", b'&'),
    ("lt", b'<'),
    ("gt", b'>'),
    ("quot", b'"'),
    ("apos", b'\''),
    ("plus", b'+'),
    ("sol", b'/'),
    ("bsol", b'\\'),
    ("equals", b'='),
    ("period", b'.'),
    ("lowbar", b'_'),
    ("hyphen", b'-'),
    ("dash", b'-'),
    ("colon", b':'),
    ("semi", b';'),
    ("comma", b','),
    ("num", b'#'),
    ("dollar", b'$'),
    ("percnt", b'%'),
    ("commat", b'@'),
    ("excl", b'!'),
    ("ast", b'*'),
    ("nbsp", 0),
    ("shy", 0),
];

//! [`HeadReader`]: reads the head of an answer, before ureq does.

use http::{HeaderMap, HeaderName};
use zeroize::Zeroizing;

/// Collects the head of an answer.
///
/// - It skips interim answers. ureq refuses a `100 Continue` that has headers.
/// - It bounds the head, interim ones included.
/// - It hides `content-encoding` and `content-type` from ureq, which would decode the body where another crate of
///   the program enables a feature such as `gzip` or `charset`. [`show_headers`] restores them.
#[derive(Debug)]
pub(super) struct HeadReader {
    /// They may hold the beginning of the body, and so a token.
    bytes: Zeroizing<Vec<u8>>,
    /// How far there is no empty line.
    searched: usize,
    /// The length of the interim answers.
    skipped: usize,
}

impl HeadReader {
    pub(super) fn new() -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(USUAL)), searched: 0, skipped: 0 }
    }

    /// Adds the next piece. Returns whether the head is there whole.
    ///
    /// # Errors
    /// The bytes are not the head of an HTTP/1 answer, or too many.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<bool, &'static str> {
        self.bytes.extend_from_slice(piece);
        loop {
            // RFC 9112 section 2.2: empty lines before the first line.
            let empty = self.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.drop_first(empty);
            let beginning = &self.bytes[..self.bytes.len().min(VERSION.len())];
            if !VERSION.starts_with(beginning) {
                return Err("the head does not begin as one of HTTP/1");
            }
            let end = end_of_head(&self.bytes, self.searched);
            if self.skipped + end.unwrap_or(self.bytes.len()) > LONGEST {
                return Err("the head is too long");
            }
            match end {
                None => {
                    self.searched = self.bytes.len().saturating_sub(2);
                    return Ok(false);
                }
                Some(end) if is_interim(&self.bytes) => self.drop_first(end),
                Some(end) => {
                    hide_headers(&mut self.bytes[..end]);
                    return Ok(true);
                }
            }
        }
    }

    /// The head, as ureq may see it, and the bytes that came after it.
    pub(super) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }

    fn drop_first(&mut self, length: usize) {
        self.bytes.drain(..length);
        self.skipped += length;
        if length > 0 {
            self.searched = 0;
        }
    }
}

/// Gives the headers that were hidden from ureq their names back.
pub(crate) fn show_headers(headers: &mut HeaderMap) {
    for name in HIDDEN {
        let Ok(hidden) = HeaderName::try_from([MARK, name].concat()) else { continue };
        let Ok(shown) = HeaderName::try_from([HIDDEN_PREFIX, name].concat()) else { continue };
        let values: Vec<_> = headers.get_all(&hidden).iter().cloned().collect();
        headers.remove(&hidden);
        for value in values {
            headers.append(&shown, value);
        }
    }
}

fn hide_headers(head: &mut [u8]) {
    let starts: Vec<_> =
        head.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    for start in starts {
        let line = &mut head[start..];
        let Some((prefix, rest)) = line.split_at_mut_checked(MARK.len()) else { continue };
        let is_hidden = |name: &&str| {
            let (name, end) = (name.as_bytes(), name.len());
            rest.len() > end && rest[..end].eq_ignore_ascii_case(name) && rest[end] == b':'
        };
        if prefix.eq_ignore_ascii_case(HIDDEN_PREFIX.as_bytes()) && HIDDEN.iter().any(is_hidden) {
            prefix.copy_from_slice(MARK.as_bytes());
        }
    }
}

/// The length of the head with its empty line, if that stands after `from`.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = &bytes[from..];
    rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').find_map(|(at, _)| match &rest[at + 1..] {
        [b'\n', ..] => Some(from + at + 2),
        [b'\r', b'\n', ..] => Some(from + at + 3),
        _ => None,
    })
}

/// Whether the status is 1xx, except 101, which ends HTTP on the connection (RFC 9110 section 15.2.2).
fn is_interim(head: &[u8]) -> bool {
    match head.get(VERSION.len() + 1..) {
        Some([b' ', b'1', a, b, ..]) => a.is_ascii_digit() && b.is_ascii_digit() && (*a, *b) != (b'0', b'1'),
        _ => false,
    }
}

/// Few answers are longer, with their body, so the buffer seldom grows.
const USUAL: usize = 16 * 1024;
/// The longest head, in bytes.
pub(super) const LONGEST: usize = 64 * 1024;
const VERSION: &[u8] = b"HTTP/1.";
const HIDDEN_PREFIX: &str = "content-";
/// As long as the prefix, so that nothing moves.
const MARK: &str = "answer--";
const HIDDEN: [&str; 2] = ["encoding", "type"];

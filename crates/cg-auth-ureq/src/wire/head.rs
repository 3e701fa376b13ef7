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
    /// The bytes may hold the beginning of the body, and so a token.
    bytes: Zeroizing<Vec<u8>>,
    /// The number of bytes that hold no empty line.
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

/// Few answers are longer with their body, so the buffer seldom grows.
const USUAL: usize = 4 * 1024;
/// The longest head, in bytes.
pub(super) const LONGEST: usize = 64 * 1024;
const VERSION: &[u8] = b"HTTP/1.";
const HIDDEN_PREFIX: &str = "content-";
/// As long as the prefix, so that nothing moves.
const MARK: &str = "answer--";
const HIDDEN: [&str; 2] = ["encoding", "type"];

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `bytes` in two pieces, for every place between them. Returns what ureq sees.
    fn read(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
        let read = |cut: usize| {
            let mut head = HeadReader::new();
            if !head.push(&bytes[..cut])? {
                assert!(head.push(&bytes[cut..])?, "it is whole");
                return Ok(head.into_bytes().to_vec());
            }
            Ok([&head.into_bytes()[..], &bytes[cut..]].concat())
        };
        let whole = read(bytes.len());
        for cut in 0..bytes.len() {
            assert_eq!(read(cut), whole, "{cut}");
        }
        whole
    }

    #[test]
    fn the_final_head_and_what_follows_it_are_left_over() {
        for (bytes, seen) in [
            ("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
            ("HTTP/1.1 200 OK\n\n{}", "HTTP/1.1 200 OK\n\n{}"),
            ("\r\n\nHTTP/1.0 404\r\n\r\n\r\n\r\n", "HTTP/1.0 404\r\n\r\n\r\n\r\n"),
            ("HTTP/1.1 100 \r\n\r\nHTTP/1.1 204 \r\n\r\n", "HTTP/1.1 204 \r\n\r\n"),
            ("HTTP/1.1 199 x\r\na: b\r\n\r\n\r\nHTTP/1.1 101 x\r\n\r\nrest", "HTTP/1.1 101 x\r\n\r\nrest"),
            ("HTTP/1.1 1xx x\r\n\r\n", "HTTP/1.1 1xx x\r\n\r\n"),
        ] {
            assert_eq!(read(bytes.as_bytes()).as_deref(), Ok(seen.as_bytes()), "{bytes:?}");
        }
    }

    #[test]
    fn only_the_headers_that_make_ureq_decode_are_hidden_and_only_in_the_head() {
        let head = "HTTP/1.1 200 content-type: x\r\nContent-Type: a\r\ncontent-types: b\r\nCONTENT-ENCODING:c\n\
                    content-length: 1\r\nx-content-type: d\r\n\r\n\ncontent-type: e";
        let seen = "HTTP/1.1 200 content-type: x\r\nanswer--Type: a\r\ncontent-types: b\r\nanswer--ENCODING:c\n\
                    content-length: 1\r\nx-content-type: d\r\n\r\n\ncontent-type: e";
        assert_eq!(read(head.as_bytes()).as_deref(), Ok(seen.as_bytes()));
    }

    #[test]
    fn hidden_headers_get_their_names_back_with_all_their_values() {
        let mut headers = HeaderMap::new();
        headers.append("answer--type", "a".parse().unwrap());
        headers.append("answer--type", "b".parse().unwrap());
        headers.append("answer--encoding", "c".parse().unwrap());
        headers.append("content-length", "1".parse().unwrap());
        show_headers(&mut headers);
        assert_eq!(headers.get_all("content-type").iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(headers["content-encoding"], "c");
        assert_eq!(headers.len(), 4);
    }

    #[test]
    fn a_head_of_the_longest_length_is_read_and_a_longer_one_is_refused() {
        let head = |length: usize| {
            let frame = "HTTP/1.1 200 OK\r\nx: \r\n\r\n".len();
            format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(length - frame))
        };
        assert_eq!(HeadReader::new().push(head(LONGEST).as_bytes()), Ok(true));
        assert!(HeadReader::new().push(head(LONGEST + 1).as_bytes()).is_err());
        assert!(HeadReader::new().push(&head(LONGEST + 9).as_bytes()[..LONGEST + 1]).is_err());
        let interim = "HTTP/1.1 100 x\r\n\r\n";
        let both = [interim, &head(LONGEST - interim.len())].concat();
        assert_eq!(HeadReader::new().push(both.as_bytes()), Ok(true));
        let both = [interim, &head(LONGEST - interim.len() + 1)].concat();
        assert!(HeadReader::new().push(both.as_bytes()).is_err());
    }

    #[test]
    fn other_protocols_are_refused_at_their_first_byte() {
        for bytes in ["S", "HTTP/2", "\r\n ", "http/1.1", "\0"] {
            assert!(HeadReader::new().push(bytes.as_bytes()).is_err(), "{bytes:?}");
        }
    }
}

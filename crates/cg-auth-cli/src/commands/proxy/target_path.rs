//! Which paths the proxy forwards.

/// Whether a server may read a dot segment in `path`, and so another path than the one that was sent.
///
/// Servers differ: some decode several times before they split the path, some take a backslash for a slash, and
/// some ignore what follows a semicolon. Each reading counts. So does a path that is encoded more than
/// [`MOST_ENCODINGS`] times: reading it to its end would take time that grows with the square of its length.
pub(super) fn has_dot_segment(path: &str) -> bool {
    let mut path = path.as_bytes().to_vec();
    for _ in 0..=MOST_ENCODINGS {
        // A NUL ends the path for some servers, and is skipped by others.
        if path.contains(&0) || path.split(|byte| matches!(byte, b'/' | b'\\')).any(is_dot_segment) {
            return true;
        }
        // Decoding shortens the path, unless nothing in it is encoded.
        let decoded = decoded(&path);
        if decoded.len() == path.len() {
            return false;
        }
        path = decoded;
    }
    true
}

/// A segment ends for some servers where parameters, a query or a fragment begin, also if that was encoded.
fn is_dot_segment(segment: &[u8]) -> bool {
    let name = segment.split(|byte| matches!(byte, b';' | b'?' | b'#')).next().unwrap_or_default();
    matches!(name.trim_ascii(), b"." | b"..")
}

/// `text` with each character decoded that a server may take for one of ASCII.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        let (byte, after) = decoded_first(rest).unwrap_or((*byte, after));
        decoded.push(byte);
        rest = after;
    }
    decoded
}

/// The first character of `text`, if it is encoded, and what follows it.
fn decoded_first(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        // `%u002e`, as older servers of Microsoft read it.
        [b'%', b'u' | b'U', after @ ..] => {
            let code = hexadecimal(after.get(..4)?)?;
            let wide = matches!(code, 0xff01..=0xff5e).then(|| code - 0xfee0);
            Some((u8::try_from(wide.unwrap_or(code)).ok()?, &after[4..]))
        }
        [b'%', after @ ..] => Some((u8::try_from(hexadecimal(after.get(..2)?)?).ok()?, &after[2..])),
        // UTF-8 that is longer than it need be.
        [first @ (0xc0 | 0xc1), last @ 0x80..=0xbf, after @ ..] => {
            Some((((first & 1) << 6) | (last & 0x3f), after))
        }
        [0xe0, middle @ (0x80 | 0x81), last @ 0x80..=0xbf, after @ ..] => {
            Some((((middle & 1) << 6) | (last & 0x3f), after))
        }
        // The wide forms of Unicode, such as U+FF0E, which normalisation makes narrow.
        [0xef, 0xbc, last @ 0x81..=0xbf, after @ ..] => Some((last - 0x60, after)),
        _ => None,
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let digits =
        str::from_utf8(digits).ok().filter(|it| it.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

/// How many times a path may be encoded. More is no path that a program needs.
const MOST_ENCODINGS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_segment_is_found_in_every_spelling() {
        for path in [
            "/..",
            "/../a",
            "/a/./b",
            "/a/.",
            "/%2e%2e/a",
            "/.%2E/a",
            "/%2e/a",
            "/..%2fa",
            "/a%2f..%2fb",
            "/%252e%252e/a",
            "/%25252e%25252e%25252fa",
            "/a\\..\\b",
            "/..%5ca",
            "/a%5c..",
            "/..;x=1/a",
            "/%2e%2e%3bx/a",
            "/..%20/a",
            "/..%00/a",
            "/..%00%00/a",
            "/.%00./a",
            "/%00../a",
            "/%20../a",
            "/..%3fx",
            "/..%23/a",
            "/..%253fx",
            "/%u002e%u002e/a",
            "/%uff0e%uff0e/a",
            "/..%u002fa",
            "/%c0%ae%c0%ae/a",
            "/%c0%2e%c0%ae/..%c0%afa",
            "/a%c1%9c..%c1%9ca",
            "/%e0%80%ae%e0%80%ae/a",
            "/%ef%bc%8e%ef%bc%8e/a",
            "/a%ef%bc%8f..%ef%bc%8fa",
        ] {
            assert!(has_dot_segment(path), "{path}");
        }
    }

    #[test]
    fn dots_within_a_name_are_no_dot_segment() {
        for path in [
            "",
            "/",
            "//a",
            "/a.b",
            "/.well-known/x",
            "/...",
            "/a..b/..c",
            "/%41",
            "/100%",
            "/%zz",
            "/a;b/c",
            "/%c3%80.",
            "/%u00zz",
            "/%u1",
            "/a%20b",
        ] {
            assert!(!has_dot_segment(path), "{path}");
        }
    }
    #[test]
    fn a_path_that_is_encoded_many_times_is_refused_in_a_bounded_time() {
        let encoded = |times| format!("/%{}41", "25".repeat(times));
        assert!(!has_dot_segment(&encoded(MOST_ENCODINGS - 1)));
        // Decoding this to its end would take 30,000 passes.
        assert!(has_dot_segment(&encoded(30_000)));
    }
}

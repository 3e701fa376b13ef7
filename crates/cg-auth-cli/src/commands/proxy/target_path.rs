//! Which paths the proxy forwards.

/// Whether a server may read a dot segment in `path`, and so another path than the one that was sent.
///
/// Servers differ: some decode once or twice before they split the path, some take a backslash for a slash,
/// and some ignore what follows a semicolon. Each reading counts.
pub(super) fn has_dot_segment(path: &str) -> bool {
    let mut path = path.as_bytes().to_vec();
    loop {
        if path.split(|byte| matches!(byte, b'/' | b'\\')).any(is_dot_segment) {
            return true;
        }
        // Decoding shortens the path, so the loop ends.
        let decoded = percent_decoded(&path);
        if decoded.len() == path.len() {
            return false;
        }
        path = decoded;
    }
}

fn is_dot_segment(segment: &[u8]) -> bool {
    let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
    let name = name.trim_ascii_end();
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    name == b"." || name == b".."
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *byte == b'%').and_then(|digits| str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let encoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(encoded.unwrap_or(*byte));
        rest = if encoded.is_some() { &after[2..] } else { after };
    }
    decoded
}

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
        ] {
            assert!(has_dot_segment(path), "{path}");
        }
    }

    #[test]
    fn dots_within_a_name_are_no_dot_segment() {
        for path in
            ["", "/", "//a", "/a.b", "/.well-known/x", "/...", "/a..b/..c", "/%41", "/100%", "/%zz", "/a;b/c"]
        {
            assert!(!has_dot_segment(path), "{path}");
        }
    }
}

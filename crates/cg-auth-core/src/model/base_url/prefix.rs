//! Which characters and segments the path prefix of a base URL may have.

/// Checks a prefix that is empty, or starts with a slash and ends without one. The error is the problem.
pub(super) fn check_prefix(prefix: &str) -> Result<(), &'static str> {
    if prefix.is_empty() {
        return Ok(());
    }
    for segment in prefix[1..].split('/') {
        match segment {
            "" => return Err("has two slashes in a row in its path; write one"),
            "." | ".." => return Err("has a path segment . or ..; remove it"),
            _ => check_segment(segment)?,
        }
    }
    let last = prefix.rsplit('/').next().unwrap_or_default();
    if last.eq_ignore_ascii_case("admin") {
        return Err("ends in /admin; remove that, the admin operation adds it");
    }
    Ok(())
}

fn check_segment(segment: &str) -> Result<(), &'static str> {
    const UNESCAPED: &[u8] = b"-._~!$&'()*+,;=:@";
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => match (rest.next().and_then(hex), rest.next().and_then(hex)) {
                (Some(high), Some(low)) if b"./\\".contains(&(high << 4 | low)) => {
                    return Err("has a percent-encoded dot or slash in its path; remove it");
                }
                (Some(_), Some(_)) => {}
                _ => {
                    return Err("has a percent sign without two hexadecimal digits after it; write %25");
                }
            },
            byte if byte.is_ascii_alphanumeric() || UNESCAPED.contains(&byte) => {}
            _ => return Err("has a character in its path that must be percent-encoded"),
        }
    }
    Ok(())
}

fn hex(byte: u8) -> Option<u8> {
    // A hexadecimal digit is below 16, so the cast does not truncate.
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

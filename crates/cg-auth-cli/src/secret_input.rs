//! The client secret from a file or standard input.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use cg_auth_core::ClientSecret;
use zeroize::Zeroizing;

use crate::settings::{SettingError, display_path};

/// Reads the secret from the file at `path`, or from standard input if that is `-`. One newline at the
/// end, LF or CRLF, belongs to the file and not to the secret.
pub(crate) fn read_client_secret(path: &Path) -> Result<ClientSecret, SettingError> {
    let read = if path == Path::new("-") {
        read_bounded(io::stdin().lock())
    } else {
        File::open(path).and_then(read_bounded)
    };
    let unreadable =
        |source| SettingError::Unreadable { what: "the client secret", from: display_path(path), source };
    let bytes = read.map_err(unreadable)?;
    let text = std::str::from_utf8(without_newline(&bytes))
        .map_err(|_| unreadable(io::Error::new(io::ErrorKind::InvalidData, "it is not text")))?;
    Ok(ClientSecret::new(text)?)
}

fn read_bounded(input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // With room for everything from the start, growing leaves no copy of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * LIMIT));
    input.take(LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long to be a secret"));
    }
    Ok(bytes)
}

fn without_newline(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r\n").or_else(|| bytes.strip_suffix(b"\n")).unwrap_or(bytes)
}

/// Ten times what any proxy lets through in a header.
const LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_trailing_newline_is_not_part_of_the_secret() {
        for (bytes, secret) in [
            ("s3cret", "s3cret"),
            ("s3cret\n", "s3cret"),
            ("s3cret\r\n", "s3cret"),
            ("s3cret\n\n", "s3cret\n"),
        ] {
            assert_eq!(without_newline(bytes.as_bytes()), secret.as_bytes());
        }
    }

    #[test]
    fn an_endless_input_is_given_up() {
        assert!(read_bounded(io::repeat(b'x')).is_err());
        assert_eq!(read_bounded(io::repeat(b'x').take(LIMIT as u64)).unwrap().len(), LIMIT);
    }
}

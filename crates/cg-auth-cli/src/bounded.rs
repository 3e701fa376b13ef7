//! Reading with a size limit, so that no file, pipe or program can exhaust the memory.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use zeroize::{Zeroize as _, Zeroizing};

/// The size limit of a secret: ten times the size that a proxy accepts in a header.
pub(crate) const SECRET_LIMIT: usize = 64 * 1024;

/// Reads `input` to its end. Fails if it holds more than `limit` bytes.
pub(crate) fn read(input: impl Read, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // The buffer is large enough for any secret, because a reallocation would leave a copy of it in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit.min(2 * SECRET_LIMIT) + 1));
    input.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    check_length(&bytes, limit)?;
    Ok(bytes)
}

/// Fails if there are more than `limit` bytes.
pub(crate) fn check_length(bytes: &[u8], limit: usize) -> io::Result<()> {
    if bytes.len() > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("longer than {limit} bytes")));
    }
    Ok(())
}

/// Reads the file at `path`. Fails if it holds more than `limit` bytes.
pub(crate) fn read_file(path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    read(File::open(path)?, limit)
}

/// Reads the configuration file at `path`.
pub(crate) fn read_text_file(path: &Path) -> io::Result<Zeroizing<String>> {
    into_text(read_file(path, CONFIGURATION_LIMIT)?)
}

/// Converts UTF-8 to text, without the byte order mark that editors on Windows write. The error does not
/// quote the bytes.
pub(crate) fn into_text(mut bytes: Zeroizing<Vec<u8>>) -> io::Result<Zeroizing<String>> {
    if is_utf16(&bytes) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "UTF-16 text; save it as UTF-8"));
    }
    let mark = bytes.len() - without_mark(&bytes).len();
    // The bytes move within their buffer, so no copy of a secret is left behind.
    bytes.drain(..mark);
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(io::Error::new(io::ErrorKind::InvalidData, "not UTF-8 text"))
        }
    }
}

/// `bytes` without a byte order mark of UTF-8 at their beginning.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Whether `bytes` begin with a byte order mark of UTF-16, as the files of PowerShell's `>` do.
fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

const CONFIGURATION_LIMIT: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_beyond_the_limit_is_an_error() {
        assert!(read(io::repeat(b'x'), 1000).is_err());
        assert_eq!(read(io::repeat(b'x').take(1000), 1000).unwrap().len(), 1000);
    }

    #[test]
    fn one_byte_order_mark_is_dropped_and_utf_16_is_named() {
        let text = |bytes: &[u8]| into_text(Zeroizing::new(bytes.to_vec())).map(|text| text.to_string());
        assert_eq!(text(b"\xef\xbb\xbfs3cret").unwrap(), "s3cret");
        assert_eq!(text("\u{feff}\u{feff}a\u{feff}".as_bytes()).unwrap(), "\u{feff}a\u{feff}");
        for bytes in [&b"\xff\xfec\0a\0"[..], b"\xfe\xff\0c\0a"] {
            assert_eq!(text(bytes).unwrap_err().to_string(), "UTF-16 text; save it as UTF-8");
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_not_quoted() {
        let error = into_text(Zeroizing::new(b"canary\xff".to_vec())).unwrap_err();
        assert_eq!(error.to_string(), "not UTF-8 text");
    }

    #[test]
    fn one_byte_order_mark_is_not_part_of_the_text() {
        let text = |bytes: &[u8]| into_text(Zeroizing::new(bytes.to_vec())).map(|text| text.to_string());
        assert_eq!(text(b"\xef\xbb\xbfs3cret\n").unwrap(), "s3cret\n");
        assert_eq!(text(b"\xef\xbb\xbf\xef\xbb\xbfx").unwrap(), "\u{feff}x");
        assert_eq!(text(b"\xef\xbb\xbf").unwrap(), "");
        assert_eq!(text(b"\xff\xfes\0").unwrap_err().to_string(), "UTF-16 text; save it as UTF-8");
    }
}

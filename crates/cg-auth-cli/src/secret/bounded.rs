//! Reading that gives up: no file, pipe or program can fill the memory.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use zeroize::{Zeroize as _, Zeroizing};

/// Everything in `input`, or an error if that is more than `limit` bytes.
pub(crate) fn read(input: impl Read, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // With room for a whole secret from the start, growing leaves no copy of one behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit.min(2 * super::LIMIT) + 1));
    input.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    check_length(&bytes, limit)?;
    Ok(bytes)
}

/// An error if `bytes` are more than `limit`.
pub(crate) fn check_length(bytes: &[u8], limit: usize) -> io::Result<()> {
    if bytes.len() > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {limit} bytes")));
    }
    Ok(())
}

/// The file at `path`, within `limit`.
pub(crate) fn read_file(path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    read(File::open(path)?, limit)
}

/// The text file at `path`: a configuration.
pub(crate) fn read_text_file(path: &Path) -> io::Result<Zeroizing<String>> {
    into_text(read_file(path, CONFIGURATION_LIMIT)?)
}

/// The bytes as text.
pub(crate) fn into_text(mut bytes: Zeroizing<Vec<u8>>) -> io::Result<Zeroizing<String>> {
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(io::Error::new(io::ErrorKind::InvalidData, "it is not text"))
        }
    }
}

const CONFIGURATION_LIMIT: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_input_is_given_up() {
        assert!(read(io::repeat(b'x'), 1000).is_err());
        assert_eq!(read(io::repeat(b'x').take(1000), 1000).unwrap().len(), 1000);
    }

    #[test]
    fn what_is_no_text_is_not_quoted() {
        let error = into_text(Zeroizing::new(b"canary\xff".to_vec())).unwrap_err();
        assert_eq!(error.to_string(), "it is not text");
    }
}

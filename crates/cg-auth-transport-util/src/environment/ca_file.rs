//! The file with root certificates, which [`CA_FILE`] names.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use super::{error::EnvironmentError, variable::CA_FILE};
use crate::settings::TransportSettings;

/// `settings` with the root certificates in the file at `path` in addition to those of the platform.
pub(super) fn trusted(
    settings: TransportSettings,
    path: &Path,
) -> Result<TransportSettings, EnvironmentError> {
    let pem = read(path).map_err(|error| {
        let problem = "cannot read the root certificates from";
        EnvironmentError::file(CA_FILE, problem, path, Some(error.into()))
    })?;
    settings.extra_root_certificates_pem(&pem).map_err(|error| match mentions_certificate(&pem) {
        true => EnvironmentError::file(CA_FILE, "cannot parse a certificate in", path, Some(error.into())),
        false => EnvironmentError::file(CA_FILE, "no certificate in", path, None),
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("longer than {LIMIT} bytes")));
    }
    // Editors on Windows write a byte order mark.
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes))
}

/// Whether the text has a line that begins or ends a certificate, even if that line is damaged.
fn mentions_certificate(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem).to_ascii_uppercase();
    text.lines().any(|line| line.contains("CERTIFICATE") && line.contains("--"))
}

/// Ten times the size of a platform's certificate bundle.
const LIMIT: u64 = 4 * 1024 * 1024;

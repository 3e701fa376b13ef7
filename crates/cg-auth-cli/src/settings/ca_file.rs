//! The file with root certificates.

use std::path::PathBuf;

use super::precedence::Chosen;
use crate::{bounded, setting_error::SettingError, transports};

/// Reads the file. It must hold at least one certificate, and every certificate in it must be usable.
pub(super) fn read(path: &Chosen<PathBuf>) -> Result<Vec<u8>, SettingError> {
    let (file, origin) = (path.value.display().to_string(), path.origin.to_string());
    let pem = match bounded::read_file(&path.value, LIMIT) {
        Ok(bytes) => bytes.to_vec(),
        Err(source) => {
            return Err(SettingError::Unreadable { what: "the root certificates", from: file, source });
        }
    };
    match transports::check_root_certificates(&pem) {
        Ok(()) => Ok(pem),
        Err(_) if holds_certificate(&pem) => Err(SettingError::UnreadableCertificate { file, origin }),
        Err(_) => Err(SettingError::NoCertificate { file, origin }),
    }
}

fn holds_certificate(pem: &[u8]) -> bool {
    pem.windows(BEGIN.len()).any(|window| window == BEGIN)
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// Ten times the size of a platform's certificate bundle.
const LIMIT: usize = 4 * 1024 * 1024;

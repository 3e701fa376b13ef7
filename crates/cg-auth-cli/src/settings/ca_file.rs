//! The file with root certificates.

use std::path::PathBuf;

use super::origin::Chosen;
use crate::{bounded, setting_error::SettingError, transports};

/// Reads the file. It must hold at least one certificate, and every certificate in it must be usable.
pub(super) fn read(path: &Chosen<PathBuf>) -> Result<Vec<u8>, SettingError> {
    let (file, origin) = (path.value.display().to_string(), path.origin.to_string());
    let pem = match bounded::read_file(&path.value, LIMIT) {
        Ok(bytes) => bounded::without_mark(&bytes).to_vec(),
        Err(source) => {
            let what = "the root certificates";
            return Err(SettingError::Unreadable { what, from: file, source }.at(origin));
        }
    };
    match transports::check_root_certificates(&pem) {
        Ok(()) => Ok(pem),
        Err(source) if mentions_certificate(&pem) => {
            Err(SettingError::UnreadableCertificate { file, origin, source })
        }
        Err(_) => Err(SettingError::NoCertificate { file, origin }),
    }
}

/// Whether the text has a line that begins or ends a certificate, even if that line is damaged.
fn mentions_certificate(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem).to_ascii_uppercase();
    text.lines().any(|line| line.contains("CERTIFICATE") && line.contains("--"))
}

/// Ten times the size of a platform's certificate bundle.
const LIMIT: usize = 4 * 1024 * 1024;

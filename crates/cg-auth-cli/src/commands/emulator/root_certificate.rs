//! [`RootCertificate`]: the emulator's authority in a file, where clients look for it.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use cg_auth_emulator::Emulator;
use tempfile::NamedTempFile;

use crate::{failure::Failure, settings::SettingError};

/// A PEM file: the one that was asked for, or one that lives as long as this.
pub(super) enum RootCertificate {
    Kept(PathBuf),
    Temporary(NamedTempFile),
}

impl RootCertificate {
    /// Writes the certificate of `emulator`, if it serves over TLS.
    pub(super) fn of(emulator: &Emulator, path: Option<PathBuf>) -> Result<Option<Self>, Failure> {
        match (emulator.ca_pem(), path) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Failure::usage("emulator", "--ca-out needs --tls")),
            (Some(pem), Some(path)) => {
                let path = std::path::absolute(&path).unwrap_or(path);
                fs::write(&path, pem).map_err(|source| unwritable(&path, source))?;
                Ok(Some(Self::Kept(path)))
            }
            (Some(pem), None) => {
                let written = NamedTempFile::with_suffix(".pem").and_then(|mut file| {
                    file.write_all(pem.as_bytes())?;
                    Ok(file)
                });
                let file = written.map_err(|source| unwritable(&std::env::temp_dir(), source))?;
                Ok(Some(Self::Temporary(file)))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(file) => file.path(),
        }
    }
}

fn unwritable(path: &Path, source: io::Error) -> SettingError {
    SettingError::NotWritable { file: path.display().to_string(), source }
}

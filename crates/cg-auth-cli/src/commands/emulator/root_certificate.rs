//! [`RootCertificate`]: the root certificate of the emulator, in a file that clients can read.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use cg_auth_emulator::Emulator;
use tempfile::NamedTempFile;

use crate::{failure::Failure, setting_error::SettingError};

/// A PEM file: the one that `--ca-out` names, or a temporary one that is removed on drop.
pub(super) enum RootCertificate {
    Kept(PathBuf),
    Temporary(NamedTempFile),
}

impl RootCertificate {
    /// Writes the root certificate of `emulator`; `None` if it does not serve TLS.
    pub(super) fn of(emulator: &Emulator, path: Option<PathBuf>) -> Result<Option<Self>, Failure> {
        match (emulator.ca_pem(), path) {
            (None, None) => Ok(None),
            (None, Some(_)) => {
                Err(Failure::Usage { subcommand: "emulator", problem: "--ca-out needs --tls" })
            }
            (Some(pem), Some(path)) => {
                let path = std::path::absolute(&path).unwrap_or(path);
                fs::write(&path, pem).map_err(|source| SettingError::not_writable(&path, source))?;
                Ok(Some(Self::Kept(path)))
            }
            (Some(pem), None) => {
                let written = NamedTempFile::with_suffix(".pem").and_then(|mut file| {
                    file.write_all(pem.as_bytes())?;
                    Ok(file)
                });
                let file =
                    written.map_err(|source| SettingError::not_writable(&std::env::temp_dir(), source))?;
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

//! [`TokenFile`]: replaces the file of a refresh token atomically.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use cg_auth_core::model::RefreshToken;
use tempfile::NamedTempFile;

use crate::{failure::Failure, setting_error::SettingError};

/// The file that will be replaced, and its successor: an empty temporary file in the same folder, readable by
/// its owner only.
pub(super) struct TokenFile {
    path: PathBuf,
    successor: NamedTempFile,
}

impl TokenFile {
    /// Creates the successor in the folder of the file at `path`. If `path` is a symbolic link, its target
    /// will be replaced.
    pub(super) fn prepare(path: &Path) -> Result<Self, SettingError> {
        let unwritable = |source| SettingError::not_writable(path, source);
        let target = path.canonicalize().map_err(unwritable)?;
        if !target.is_file() {
            return Err(unwritable(io::Error::other("not a regular file")));
        }
        let folder = target.parent().unwrap_or(Path::new("/"));
        let successor = NamedTempFile::new_in(folder).map_err(unwritable)?;
        Ok(Self { path: target, successor })
    }

    /// Replaces the content of the file with `token`.
    pub(super) fn replace(mut self, token: &RefreshToken) -> Result<(), Failure> {
        let file = self.path.display().to_string();
        self.write(token)
            .and_then(|()| self.successor.persist(&self.path).map(drop).map_err(|error| error.error))
            .map_err(|source| Failure::NotKept { file, source })?;
        sync_folder(&self.path);
        Ok(())
    }

    fn write(&mut self, token: &RefreshToken) -> io::Result<()> {
        self.successor.write_all(token.expose_secret().as_bytes())?;
        self.successor.write_all(b"\n")?;
        self.successor.as_file().sync_all()
    }
}

/// Syncs the folder, so that the new file survives a power failure. An error is ignored, because the file is
/// already replaced and some file systems cannot sync a folder.
fn sync_folder(path: &Path) {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}

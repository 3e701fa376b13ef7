//! [`TokenFile`]: a refresh token's file that is replaced as a whole or not at all.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use cg_auth_core::model::RefreshToken;
use tempfile::NamedTempFile;

use crate::{failure::Failure, settings::SettingError};

/// A file that is about to be replaced: its successor lies beside it, empty, readable by its owner alone.
pub(super) struct TokenFile {
    path: PathBuf,
    successor: NamedTempFile,
}

impl TokenFile {
    /// Makes room beside the file at `path`. A link stays one: what it points at is replaced.
    pub(super) fn prepare(path: &Path) -> Result<Self, SettingError> {
        let unwritable = |source| SettingError::NotWritable { file: path.display().to_string(), source };
        let path = path.canonicalize().map_err(unwritable)?;
        if !path.is_file() {
            return Err(unwritable(io::Error::other("it is no regular file")));
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        let successor = NamedTempFile::new_in(folder).map_err(unwritable)?;
        Ok(Self { path, successor })
    }

    /// Puts `token` in place of what the file held.
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

/// Makes the new entry of the folder survive a loss of power. The token is in its place already, so a file
/// system that cannot do this is no failure.
fn sync_folder(path: &Path) {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}

//! [`LockedFile`]: the file of a refresh token, locked against other processes that would use the same token.

use std::{
    fs::{self, File, Metadata},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::{
    blocking::blocking,
    console::Console,
    failure::Failure,
    secret::{SecretLabel, read_open_file},
    setting_error::SettingError,
};

/// An open file and its lock. The lock ends when this value is dropped.
///
/// The lock is advisory (`flock`) and belongs to the file itself, not to its name. A process that waited may
/// get the lock of a file that was replaced in that time; it then opens the new file.
pub(super) struct LockedFile {
    path: PathBuf,
    file: File,
    metadata: Metadata,
}

impl LockedFile {
    /// Opens and locks the regular file at `path`. Waits at most `limit` for another process.
    pub(super) async fn open(path: &Path, limit: Duration, console: &Console) -> Result<Self, Failure> {
        let (owned, console) = (path.to_owned(), *console);
        match timeout(limit, blocking(move || lock(owned, &console))).await {
            Ok(locked) => Ok(locked.map_err(|source| SettingError::not_writable(path, source))?),
            Err(_) => Err(Failure::Locked { file: path.display().to_string(), limit }),
        }
    }

    /// Reads the refresh token.
    pub(super) fn read(
        &self,
        label: &SecretLabel,
        console: &Console,
    ) -> Result<Zeroizing<String>, SettingError> {
        read_open_file(&self.file, &self.path, label, console)
    }

    /// Owner and mode of the file.
    pub(super) const fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

fn lock(path: PathBuf, console: &Console) -> io::Result<LockedFile> {
    loop {
        // Opening a pipe would wait for a writer.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let file = open(&path)?;
        wait_for_lock(&file, &path, console)?;
        let metadata = file.metadata()?;
        if is_still_at(&path, &metadata)? {
            return Ok(LockedFile { path, file, metadata });
        }
    }
}

/// Opens for writing too, because NFS locks only such files exclusively. Nothing is written to this file.
fn open(path: &Path) -> io::Result<File> {
    let both = File::options().read(true).write(true).open(path);
    both.or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => File::open(path),
        _ => Err(error),
    })
}

#[cfg(unix)]
fn wait_for_lock(file: &File, path: &Path, console: &Console) -> io::Result<()> {
    use rustix::{
        fs::{FlockOperation, flock},
        io::Errno,
    };
    let mut operation = FlockOperation::NonBlockingLockExclusive;
    loop {
        match flock(file, operation) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) => {
                tracing::debug!(file = %path.display(), "waiting for another process that refreshes this token");
                operation = FlockOperation::LockExclusive;
            }
            Err(Errno::INTR) => {}
            Err(Errno::NOTSUP | Errno::NOLCK | Errno::NOSYS | Errno::INVAL | Errno::BADF) => {
                console.warn(&format!(
                    "the file system of {} has no locks; another process may use the same refresh token",
                    path.display()
                ));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(unix)]
fn is_still_at(path: &Path, locked: &Metadata) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let now = fs::metadata(path)?;
    Ok((now.dev(), now.ino()) == (locked.dev(), locked.ino()))
}

/// Elsewhere no lock is taken, because an open file could not be replaced.
#[cfg(not(unix))]
fn wait_for_lock(_: &File, _: &Path, _: &Console) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn is_still_at(_: &Path, _: &Metadata) -> io::Result<bool> {
    Ok(true)
}

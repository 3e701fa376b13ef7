//! [`FolderLock`]: lets one operation at a time change the files of a folder.

use std::{
    fs::{File, OpenOptions},
    io, thread,
    time::Duration,
};

use cg_auth_core::token::store::StoreError;
use fs4::{FileExt, TryLockError};

use super::{
    deadline::{Deadline, OPERATION_LIMIT},
    folder::Folder,
};

/// Held until it is dropped, or until the process ends.
#[derive(Debug)]
pub(super) struct FolderLock {
    file: File,
}

impl FolderLock {
    /// Waits for the lock until the deadline. One that comes later is given back at once.
    pub(super) fn acquire(folder: &Folder, deadline: Deadline) -> Result<Self, StoreError> {
        let unusable = |error: io::Error| folder.error("cannot use the lock of the store in", error);
        loop {
            let file = open(folder).map_err(unusable)?;
            match FileExt::try_lock(&file) {
                // Another process may have deleted the file, and locked one of the same name.
                Ok(()) if is_in_place(folder, &file) => {
                    let lock = Self { file };
                    return deadline.check(folder).map(|()| lock);
                }
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(unusable(error)),
            }
            if deadline.is_over() {
                return Err(folder.error(
                    "cannot use the store in",
                    format!("another process keeps it locked for {OPERATION_LIMIT:?}"),
                ));
            }
            thread::sleep(BETWEEN_TRIES);
        }
    }

    /// The file that is locked. Nothing is written into it.
    pub(super) const fn file(&self) -> &File {
        &self.file
    }
}

/// Opens the file for reading, which a read-only disk allows, and creates it if it is missing. The folder keeps other
/// users out, so the lock may have any mode.
fn open(folder: &Folder) -> io::Result<File> {
    match folder.open_own(NAME, OpenOptions::new().read(true)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut options = OpenOptions::new();
            let file = folder.open_own(NAME, options.read(true).write(true).create(true).truncate(false))?;
            Folder::make_private(&file)?;
            Ok(file)
        }
        opened => opened,
    }
}

#[cfg(unix)]
fn is_in_place(folder: &Folder, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let id = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
    let named = folder.path().join(NAME).symlink_metadata();
    matches!((named, file.metadata()), (Ok(named), Ok(locked)) if id(&named) == id(&locked))
}

/// Windows does not delete an open file.
#[cfg(not(unix))]
const fn is_in_place(_: &Folder, _: &File) -> bool {
    true
}

/// The name of the lock, which no entry can have.
pub(super) const NAME: &str = ".lock";
const BETWEEN_TRIES: Duration = Duration::from_millis(2);

//! [`Folder`]: the folder of a store, which belongs to the user alone.

use std::{
    fs::{DirBuilder, File, Metadata, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use cg_auth_core::token::store::StoreError;

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, which stays the same if the program changes its current folder.
    pub(super) fn new(path: PathBuf) -> Self {
        let path = std::path::absolute(&path).unwrap_or(path);
        // A slash at the end would lead through a symbolic link.
        Self { path: path.components().collect() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the folder if it is missing, and refuses one that others can reach.
    pub(super) fn prepare(&self) -> Result<(), StoreError> {
        if self.exists()? {
            return Ok(());
        }
        create(&self.path).map_err(|error| self.error("cannot create the folder", error))?;
        match self.exists()? {
            true => Ok(()),
            false => Err(self.error("cannot create the folder", "the path names none")),
        }
    }

    /// Whether there is a folder. One that others can reach is refused.
    pub(super) fn exists(&self) -> Result<bool, StoreError> {
        let found = match self.path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            found => found.map_err(|error| self.error("cannot read the folder", error))?,
        };
        match obstacle(&found, &self.path) {
            None => Ok(true),
            Some(obstacle) => Err(StoreError::new(format!("{}: {obstacle}", self.path.display()))),
        }
    }

    /// Opens a file of the folder, which must be a regular file of the user alone.
    pub(super) fn open(&self, name: &str, options: &mut OpenOptions) -> io::Result<File> {
        let file = self.open_own(name, options)?;
        match is_private(&file.metadata()?) {
            true => Ok(file),
            false => Err(io::Error::other(format!("other users can reach {name}; remove it"))),
        }
    }

    /// Opens a file of the folder, which must be a regular file of the user, whatever its mode. It follows no symbolic
    /// link, and waits for no pipe.
    pub(super) fn open_own(&self, name: &str, options: &mut OpenOptions) -> io::Result<File> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;

            use rustix::fs::OFlags;

            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            options.mode(FILE_MODE).custom_flags(flags.bits().cast_signed());
        }
        let file = options.open(self.path.join(name))?;
        let metadata = file.metadata()?;
        match metadata.is_file() && is_own(&metadata) {
            true => Ok(file),
            false => Err(io::Error::other(format!("{name} is no regular file of this user; remove it"))),
        }
    }

    /// Gives a new file the mode that [`open`](Self::open) wants, also where the umask takes rights from the user.
    pub(super) fn make_private(file: &File) -> io::Result<()> {
        #[cfg(unix)]
        return file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(FILE_MODE));
        #[cfg(not(unix))]
        return file.metadata().map(drop);
    }

    /// An error whose text says what failed, and where.
    pub(super) fn error(&self, what: &str, error: impl std::fmt::Display) -> StoreError {
        StoreError::new(format!("{what} {}: {error}", self.path.display()))
    }
}

/// Creates the folder and its parents for this user alone, also where the umask takes rights from the user.
fn create(path: &Path) -> io::Result<()> {
    match (create_one(path), path.parent()) {
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            create(parent)?;
            create_one(path)
        }
        (created, _) => created,
    }
}

/// Creates the last folder of a path. Another process may be faster.
fn create_one(path: &Path) -> io::Result<()> {
    match create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created,
    }
}

/// A strict umask takes rights from the mode, so it is set once more.
#[cfg(unix)]
fn create_new(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

    DirBuilder::new().mode(FOLDER_MODE).create(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(FOLDER_MODE))
}

#[cfg(not(unix))]
fn create_new(path: &Path) -> io::Result<()> {
    DirBuilder::new().create(path)
}

fn obstacle(found: &Metadata, path: &Path) -> Option<String> {
    if found.is_symlink() {
        return Some("the folder of the store is a symbolic link; name its target".to_owned());
    }
    if !found.is_dir() {
        return Some("the folder of the store is no folder; name another one".to_owned());
    }
    if !is_own(found) {
        return Some("the folder of the store belongs to another user; name another one".to_owned());
    }
    let reached = !is_private(found);
    reached.then(|| {
        format!("other users can reach the folder of the store; run: chmod 700 '{}'", path.display())
    })
}

#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == rustix::process::geteuid().as_raw()
}

#[cfg(unix)]
fn is_private(metadata: &Metadata) -> bool {
    is_own(metadata) && std::os::unix::fs::MetadataExt::mode(metadata) & 0o077 == 0
}

#[cfg(not(unix))]
const fn is_own(_: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
const fn is_private(_: &Metadata) -> bool {
    true
}

#[cfg(unix)]
const FOLDER_MODE: u32 = 0o700;
#[cfg(unix)]
const FILE_MODE: u32 = 0o600;

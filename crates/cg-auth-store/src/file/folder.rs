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
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the folder if it is missing, and refuses one that others can reach.
    pub(super) fn prepare(&self) -> Result<(), StoreError> {
        if self.exists()? {
            return Ok(());
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path).map_err(|error| self.error("cannot create the folder", error))?;
        self.exists().map(drop)
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

    /// Opens a file of the folder, which must be a regular file of the user alone. A symbolic link is not followed,
    /// and a pipe is not waited for.
    pub(super) fn open(&self, name: &str, options: &mut OpenOptions) -> io::Result<File> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;

            use rustix::fs::OFlags;

            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            options.mode(0o600).custom_flags(flags.bits().cast_signed());
        }
        let file = options.open(self.path.join(name))?;
        let metadata = file.metadata()?;
        match metadata.is_file() && is_private(&metadata) {
            true => Ok(file),
            false => Err(io::Error::other(format!("{name} is no regular file of this user alone"))),
        }
    }

    /// An error whose text says what failed, and where.
    pub(super) fn error(&self, what: &str, error: impl std::fmt::Display) -> StoreError {
        StoreError::new(format!("{what} {}: {error}", self.path.display()))
    }
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

//! [`ReplacedFile`]: replaces a file atomically, and finds out beforehand whether that is possible.

mod obstacle;

use std::{
    fs::{self, File, Metadata},
    io::{self, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::setting_error::SettingError;

/// A file that will be replaced or created, and its successor: a temporary file in the same folder, readable
/// by its owner only. Dropping this value removes the successor and leaves the file as it is.
pub(crate) struct ReplacedFile {
    path: PathBuf,
    successor: NamedTempFile,
}

impl ReplacedFile {
    /// Prepares a file at `path` that only its owner can read. The target of a symbolic link is replaced.
    ///
    /// # Errors
    /// [`SettingError::NotWritable`] if the file cannot be replaced, or if the disk has no room for a token.
    pub(crate) fn private(path: &Path) -> Result<Self, SettingError> {
        Self::prepare(path).map_err(|source| SettingError::not_writable(path, source))
    }

    /// Like [`private`](Self::private), with the owner and the mode of `original`, the file at `path`.
    pub(crate) fn like(path: &Path, original: &Metadata) -> Result<Self, SettingError> {
        let prepared = Self::prepare(path).and_then(|file| {
            keep_owner_and_mode(file.successor.as_file(), original)?;
            Ok(file)
        });
        prepared.map_err(|source| SettingError::not_writable(path, source))
    }

    fn prepare(path: &Path) -> io::Result<Self> {
        let path = target(path)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        match fs::metadata(&path) {
            Ok(metadata) => obstacle::check(&path, &metadata, folder)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut successor = NamedTempFile::new_in(folder)?;
        // Takes the room on the disk now, so that a full disk is found before a token is issued.
        successor.write_all(&[0; RESERVED])?;
        Ok(Self { path, successor })
    }

    /// Replaces the content of the file with `text`. After an error the file is as it was.
    pub(crate) fn replace(mut self, text: &str) -> io::Result<()> {
        self.successor.rewind()?;
        self.successor.write_all(text.as_bytes())?;
        let file = self.successor.as_file();
        file.set_len(text.len() as u64)?;
        file.sync_all()?;
        self.successor.persist(&self.path).map_err(|error| error.error)?;
        sync_folder(&self.path);
        Ok(())
    }

    /// The path of the file itself, without symbolic links.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The path of the file that `path` names: the target if it is a symbolic link. The file may be missing.
fn target(path: &Path) -> io::Result<PathBuf> {
    let is_folder_name = path.as_os_str().as_encoded_bytes().last().is_some_and(|last| *last == b'/');
    let (Some(name), false) = (path.file_name(), is_folder_name) else {
        return Err(io::Error::other("it is not the name of a file"));
    };
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => {
            obstacle::check_link(&metadata)?;
            let target = fs::metadata(path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => io::Error::other("it is a symbolic link to a missing file"),
                _ => error,
            })?;
            obstacle::check_kind(&target)?;
            path.canonicalize()
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize();
            folder.map(|folder| folder.join(name)).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => io::Error::other("its folder does not exist"),
                _ => error,
            })
        }
    }
}

#[cfg(unix)]
fn keep_owner_and_mode(successor: &File, original: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let own = successor.metadata()?;
    let user = (own.uid() != original.uid()).then_some(original.uid());
    let group = (own.gid() != original.gid()).then_some(original.gid());
    if user.is_some() || group.is_some() {
        fchown(successor, user, group).map_err(|_| {
            let (user, group) = (original.uid(), original.gid());
            io::Error::other(format!(
                "it belongs to user {user} and group {group}, and only that user or root can keep it so"
            ))
        })?;
    }
    successor.set_permissions(fs::Permissions::from_mode(original.mode() & 0o777))
}

#[cfg(not(unix))]
fn keep_owner_and_mode(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Syncs the folder, so that the new file survives a power failure. An error is ignored, because the file is
/// already replaced and some file systems cannot sync a folder.
fn sync_folder(path: &Path) {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// More than any token that a header can carry, with the members that are printed with it.
const RESERVED: usize = 64 * 1024;

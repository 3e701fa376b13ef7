//! [`Destination`]: standard output, or the file of `--output`.

use std::path::Path;

use crate::{failure::Failure, output, replaced_file::ReplacedFile, setting_error::SettingError};

/// Where the access token goes.
pub(super) enum Destination {
    StandardOutput,
    File(ReplacedFile),
}

impl Destination {
    /// The file at `path`, prepared for a write; standard output if there is no path.
    pub(super) fn new(path: Option<&Path>) -> Result<Self, SettingError> {
        Ok(match path {
            Some(path) => Self::File(ReplacedFile::private(path)?),
            None => Self::StandardOutput,
        })
    }

    pub(super) fn write(self, text: &str) -> Result<(), Failure> {
        match self {
            Self::StandardOutput => output::to_stdout(text).map_err(Failure::Output),
            Self::File(file) => save(file, "the access token", text),
        }
    }
}

/// Replaces the content of `file` with `text`, which holds `what`.
pub(super) fn save(file: ReplacedFile, what: &'static str, text: &str) -> Result<(), Failure> {
    let path = file.path().display().to_string();
    file.replace(text).map_err(|source| Failure::NotSaved { what, file: path, source })
}

/// Whether both paths name one file, as far as their folders exist.
pub(super) fn same_file(one: &Path, other: &Path) -> bool {
    let resolved = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok();
        path.canonicalize().ok().or_else(|| Some(folder?.join(path.file_name()?)))
    };
    one == other || resolved(one).is_some_and(|one| Some(one) == resolved(other))
}

//! Root certificates from a file.

use std::path::Path;

use super::SettingError;
use crate::secret::bounded::read_file;

/// The file's content; whether it holds certificates is the transport's to say.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, SettingError> {
    read_file(path, LIMIT).map(|bytes| bytes.to_vec()).map_err(|source| SettingError::Unreadable {
        what: "the root certificates",
        from: path.display().to_string(),
        source,
    })
}

/// More than ten times what a platform's whole bundle holds.
const LIMIT: usize = 4 * 1024 * 1024;

//! A secret in a file, with a warning if other users can read the file.

use std::{
    fs::{File, Metadata},
    io,
    path::Path,
};

use zeroize::Zeroizing;

use crate::{
    bounded::{self, SECRET_LIMIT},
    console::Console,
};

/// Reads the file. If every user of the machine can read it, `console` shows a warning that names `what`.
pub(super) fn read(path: &Path, what: &str, console: &Console) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    if is_world_readable(&file.metadata()?) {
        console.warn(&format!(
            "every user of this machine can read {what} in {}; restrict it with chmod 600",
            path.display()
        ));
    }
    bounded::read(file, SECRET_LIMIT)
}

#[cfg(unix)]
fn is_world_readable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.is_file() && metadata.mode() & 0o004 != 0
}

#[cfg(not(unix))]
const fn is_world_readable(_: &Metadata) -> bool {
    false
}

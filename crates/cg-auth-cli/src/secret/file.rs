//! A secret in a file, and who else may read it.

use std::{
    fs::{File, Metadata},
    io,
    path::Path,
};

use zeroize::Zeroizing;

use super::{LIMIT, bounded};
use crate::console::Console;

/// The file's content. A file that every user of the machine can read is used, with a warning.
pub(super) fn read(path: &Path, what: &str, console: &Console) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    if is_world_readable(&file.metadata()?) {
        console.warn(&format!(
            "{what} in {} can be read by every user of this machine; chmod 600 keeps them out",
            path.display()
        ));
    }
    bounded::read(file, LIMIT)
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

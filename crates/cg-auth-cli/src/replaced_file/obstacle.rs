//! Why a file cannot be replaced, found before a token is requested.

use std::{fs::Metadata, io, path::Path};

/// Fails with the reason why the file at `path`, which has this `metadata`, cannot be replaced in `folder`.
pub(super) fn check(path: &Path, metadata: &Metadata, folder: &Path) -> io::Result<()> {
    check_kind(metadata)?;
    #[cfg(unix)]
    check_unix(metadata, folder)?;
    #[cfg(target_os = "linux")]
    check_attributes(path, folder)?;
    let _ = (path, folder);
    Ok(())
}

/// Fails unless `metadata` is that of a regular file.
pub(super) fn check_kind(metadata: &Metadata) -> io::Result<()> {
    match metadata {
        _ if metadata.is_file() => Ok(()),
        _ if metadata.is_dir() => obstacle("it is a folder"),
        _ => obstacle("it is not a regular file"),
    }
}

/// Fails if a symbolic link with this `metadata` belongs to another user, who could point it at any file of
/// this user.
pub(super) fn check_link(metadata: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let owner = metadata.uid();
        if owner != 0 && owner != rustix::process::geteuid().as_raw() {
            return obstacle("it is a symbolic link of another user");
        }
    }
    let _ = metadata;
    Ok(())
}

#[cfg(unix)]
fn check_unix(metadata: &Metadata, folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    if metadata.nlink() > 1 {
        return obstacle(
            "it is a hard link: the file would keep its old content under its other names; copy it to a \
             file of its own",
        );
    }
    // In a folder such as /tmp, only the owner of a file may replace it.
    let folder = folder.metadata()?;
    let user = rustix::process::geteuid();
    let is_sticky = folder.mode() & 0o1000 != 0;
    if is_sticky && !user.is_root() && ![metadata.uid(), folder.uid()].contains(&user.as_raw()) {
        return obstacle("it belongs to another user, and its folder lets only the owner replace it");
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn check_attributes(path: &Path, folder: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let attributes = |path| match statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()) {
        Ok(status) => status.stx_attributes,
        // An old kernel does not report them, and the replacement itself then fails.
        Err(_) => StatxAttributes::empty(),
    };
    let file = attributes(path);
    if file.contains(StatxAttributes::MOUNT_ROOT) {
        return obstacle(
            "it is mounted, as a bind mount is, and cannot be replaced; mount its folder instead",
        );
    }
    let fixed = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    if file.intersects(fixed) || attributes(folder).intersects(fixed) {
        return obstacle("it or its folder is immutable or append-only; see chattr");
    }
    Ok(())
}

fn obstacle(reason: &'static str) -> io::Result<()> {
    Err(io::Error::other(reason))
}

//! [`Permissions`]: which other users can read or change a file.

use std::fs::Metadata;

/// What the permissions of a file are, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    /// In a few words; empty where files have no mode.
    pub(super) text: String,
    /// Which other user can change the file, as a sentence. Root does not count, nor does the group.
    pub(super) can_be_changed: Option<String>,
    /// Every user of the machine can read the file.
    pub(super) can_be_read_by_all: bool,
}

impl Permissions {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self::judge(metadata.mode(), metadata.uid(), rustix::process::geteuid().as_raw(), metadata.is_file())
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &Metadata) -> Self {
        Self::default()
    }

    /// The permissions of a file with `mode` that belongs to `owner`, for the user `me`.
    #[cfg(unix)]
    fn judge(mode: u32, owner: u32, me: u32, is_file: bool) -> Self {
        let text = format!("mode {:04o}", mode & 0o7777);
        let can_be_changed = if owner != me && owner != 0 && me != 0 {
            Some(format!("it belongs to another user (id {owner}), who can change it"))
        } else if is_file && mode & 0o002 != 0 {
            Some("every user of this machine can change it".to_owned())
        } else {
            None
        };
        Self { text, can_be_changed, can_be_read_by_all: is_file && mode & 0o004 != 0 }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_others_can_change_or_read_is_found() {
        for (mode, owner, me, is_changed, is_read) in [
            (0o600, 1000, 1000, false, false),
            (0o640, 0, 1000, false, false),
            (0o644, 1000, 1000, false, true),
            (0o664, 1000, 1000, false, true),
            (0o666, 1000, 1000, true, true),
            (0o602, 1000, 1000, true, false),
            (0o600, 1001, 1000, true, false),
            (0o600, 1001, 0, false, false),
        ] {
            let found = Permissions::judge(mode, owner, me, true);
            let case = format!("{mode:o} {owner} {me}");
            assert_eq!(found.can_be_changed.is_some(), is_changed, "{case}");
            assert_eq!(found.can_be_read_by_all, is_read, "{case}");
        }
        let device = Permissions::judge(0o666, 0, 1000, false);
        assert!(device.can_be_changed.is_none() && !device.can_be_read_by_all, "/dev/null is no secret");
        assert_eq!(Permissions::judge(0o100_600, 0, 0, true).text, "mode 0600");
    }
}

//! [`Folder`]: the folder of a file store.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    thread,
    time::Duration,
};

use cg_auth_core::time::Now;
use tempfile::TempDir;

use crate::Place;

pub(crate) struct Folder {
    parent: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { parent: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.parent.path().join("store")
    }
}

impl Place for Folder {
    fn url(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    /// The folder is read-only, which stops every user but root, and then open to others, which stops every user.
    fn be_unusable(&mut self, duration: Duration) {
        for mode in [0o500, 0o777] {
            fs::set_permissions(self.path(), Permissions::from_mode(mode)).unwrap();
            thread::sleep(duration / 2);
        }
        fs::set_permissions(self.path(), Permissions::from_mode(0o700)).unwrap();
    }

    /// The folder is deleted. A file stands in its place for a while.
    fn be_lost(&mut self, duration: Duration) {
        let aside = self.parent.path().join("aside");
        fs::rename(self.path(), &aside).unwrap();
        fs::remove_dir_all(aside).unwrap();
        thread::sleep(duration / 2);
        // The processes create a new folder again and again.
        let begun = Now::system().monotonic();
        while fs::write(self.path(), "").is_err() {
            let _ = fs::remove_dir_all(self.path());
            assert!(Now::system().monotonic() - begun < Duration::from_secs(60));
        }
        thread::sleep(duration / 2);
        fs::remove_file(self.path()).unwrap();
    }
}

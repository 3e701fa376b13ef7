//! A full and a read-only disk.

use std::{fs, path::PathBuf, process::Command};

use cg_auth_core::token::store::{Claimed, Holder};
use cg_auth_store::file_store;

use super::{HOUR, claim, publish, source_of, token};

/// Runs [`on_a_small_disk`] on a disk of its own, in a namespace that ends with it.
#[test]
fn a_full_or_read_only_disk_is_an_error_and_a_token_on_it_is_still_handed_out() {
    let script = |rest: &str| {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("mount -t tmpfs -o size=64k,mode=700 tmpfs \"$CG_AUTH_TEST_DISK\" && {rest}");
        Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", &script])
            .env("CG_AUTH_TEST_DISK", folder.path())
            .env("CG_AUTH_TEST_PROGRAM", std::env::current_exe().unwrap())
            .output()
    };
    if !script("true").is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no disk of its own for a test, because unshare or mount is not allowed here");
        return;
    }
    let run = "CG_AUTH_TEST_PHASE=$phase \"$CG_AUTH_TEST_PROGRAM\" --exact disks::on_a_small_disk || exit 1";
    let phases = format!(
        "phase=full; {run}; phase=free; {run}; \
         mount -o remount,ro \"$CG_AUTH_TEST_DISK\" && phase=read_only; {run}"
    );
    let output = script(&phases).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.matches("1 passed").count(), 3, "{text}");
}

/// One phase of the test above. Without its variables it does nothing.
#[test]
fn on_a_small_disk() {
    let Ok(phase) = std::env::var("CG_AUTH_TEST_PHASE") else { return };
    let disk = PathBuf::from(std::env::var_os("CG_AUTH_TEST_DISK").unwrap());
    let store = file_store(disk.join("store"));
    let filler = disk.join("filler");
    match phase.as_str() {
        "full" => {
            claim(&store, Holder::new(1), None).unwrap();
            // Filled to the last block.
            let _ = fs::write(&filler, vec![0; 1 << 20]);
            let error = claim(&store, Holder::new(1), Some(HOUR)).unwrap_err();
            assert!(source_of(&error).contains("No space left"), "{error:?}");
            assert!(matches!(claim(&store, Holder::new(1), None), Ok(Claimed::Free)));
            let files = fs::read_dir(disk.join("store")).unwrap();
            assert_eq!(files.count(), 1, "only the lock is there");
        }
        "free" => {
            fs::remove_file(&filler).unwrap();
            assert!(matches!(claim(&store, Holder::new(1), Some(HOUR)), Ok(Claimed::Won(_))));
            publish(&store, Holder::new(1), &token("eyJ")).unwrap();
        }
        _ => {
            assert!(matches!(claim(&store, Holder::new(2), Some(HOUR)), Ok(Claimed::Token(_))));
            let error = publish(&store, Holder::new(2), &token("another")).unwrap_err();
            assert!(source_of(&error).contains("Read-only file system"), "{error:?}");
        }
    }
}

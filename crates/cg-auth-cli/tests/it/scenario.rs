//! The emulator for programs in other languages: a shell script runs a whole scenario.

#![cfg(unix)]

use std::{path::Path, process::Command};

use assert_cmd::cargo::cargo_bin;

use crate::harness::{stderr, stdout};

#[test]
fn a_shell_script_drives_a_whole_scenario() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: the scenario needs curl, which is not installed here");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenario");
    std::fs::create_dir_all(&folder).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scenario.sh");
    let mut shell = Command::new("sh");
    let output = shell.arg(script).arg(cargo_bin!("cg-auth")).arg(folder).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).ends_with("done\n"), "{}", stdout(&output));
}

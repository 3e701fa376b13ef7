//! A test in Python, without Rust, plays the hard cases over the control API alone, over HTTP/1.1 and HTTP/2.

#![cfg(unix)]

use std::path::Path;

use crate::harness::{cg_auth, skip_without_python, stderr, stdout};

#[test]
fn a_python_test_plays_the_hard_cases_over_the_control_api_alone() {
    if skip_without_python(&["pytest", "httpx", "h2"]) {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/acceptance");
    for tls in [&["--tls"][..], &[]] {
        let mut command = cg_auth();
        command.current_dir(&folder).env("PYTHONDONTWRITEBYTECODE", "1").arg("emulator").args(tls);
        command.args(["--", "python3", "-m", "pytest", "-q", "-p", "no:cacheprovider"]);
        let output = command.output().unwrap();
        let printed = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{tls:?}: {printed}{}", stderr(&output));
        assert!(printed.contains("14 passed"), "{tls:?}: {printed}");
    }
}

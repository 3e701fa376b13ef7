//! The examples of tests against the emulator: those in `tests/examples` run, and the page shows each of them.

/// The example in Rust, whose tests run with these.
#[path = "../examples/emulator.rs"]
mod rust;

use std::path::{Path, PathBuf};

use crate::harness::{cg_auth, skip_without, stderr, stdout};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples")
}

/// Runs `command` in the folder of the examples, under an emulator.
#[cfg(unix)]
fn run(command: &[&str]) -> String {
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders = [itself.parent().unwrap().to_owned()].into_iter().chain(std::env::split_paths(&folders));
    let mut emulator = cg_auth();
    emulator.current_dir(folder()).env("PATH", std::env::join_paths(folders).unwrap());
    let output = emulator.args(["emulator", "--"]).args(command).output().unwrap();
    let printed = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{printed}{}", stderr(&output));
    printed
}

#[cfg(unix)]
#[test]
fn the_example_for_pytest_passes() {
    // pytest installs a program of its own name beside its interpreter.
    if !skip_without("pytest") {
        let printed = run(&["env", "PYTHONDONTWRITEBYTECODE=1", "pytest", "-q", "-p", "no:cacheprovider"]);
        assert!(printed.contains("4 passed"), "{printed}");
    }
}

#[cfg(unix)]
#[test]
fn the_example_for_node_passes() {
    if !skip_without("node") {
        let printed = run(&["node", "--test", "--test-reporter", "tap", "emulator.test.mjs"]);
        assert!(printed.contains("# pass 2") && printed.contains("# fail 0"), "{printed}");
    }
}

#[cfg(unix)]
#[test]
fn the_example_for_a_shell_passes() {
    if !skip_without("curl") {
        run(&["sh", "emulator.sh"]);
    }
}

#[test]
fn the_page_shows_each_example_as_it_is() {
    let page = include_str!("../../docs/emulator-examples.md").replace("\r\n", "\n");
    for entry in std::fs::read_dir(folder()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            let text = std::fs::read_to_string(entry.path()).unwrap().replace("\r\n", "\n");
            assert!(page.contains(&format!("\n{text}```\n")), "{}", entry.path().display());
        }
    }
}

//! The examples in the README work.

use std::path::PathBuf;

use crate::harness::{cg_auth, file, stderr};

/// The code block of `language` at index `number` in the README.
fn block(language: &str, number: usize) -> &'static str {
    let readme = include_str!("../../README.md");
    let opening = format!("```{language}\n");
    let block = readme.split(opening.as_str()).nth(number + 1).unwrap();
    block.split("```").next().unwrap()
}

fn toml(number: usize) -> PathBuf {
    file(&format!("readme-{number}.toml"), block("toml", number))
}

#[test]
fn the_configuration_file_is_accepted() {
    for profile in ["work", "lab"] {
        let mut command = cg_auth();
        command.args(["token", "--base-url", "http://127.0.0.1:1", "--profile", profile, "--config"]);
        let output =
            command.arg(toml(0)).env("CG_AUTH_CLIENT_SECRET", "s").env("CG_AUTH_CA_FILE", toml(0)).output();
        // This error shows that the profile was accepted: CG_AUTH_CA_FILE, which names a file without a
        // certificate, is checked later.
        let messages = stderr(&output.unwrap());
        assert!(messages.contains("no certificate in "), "{messages}");
        assert!(messages.contains("(CG_AUTH_CA_FILE)"), "{messages}");
    }
}

#[cfg(unix)]
#[test]
fn the_emulators_configuration_file_is_accepted() {
    let output = cg_auth().args(["emulator", "--config"]).arg(toml(1)).args(["--", "true"]).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
}

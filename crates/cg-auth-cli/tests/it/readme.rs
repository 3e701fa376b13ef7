//! The examples in the README work.

use std::path::PathBuf;

use crate::harness::{cg_auth, file, stderr, stdout};

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
            command.arg(toml(0)).env("CG_AUTH_CLIENT_SECRET", "s").env("CG_AUTH_CA_FILE", toml(1)).output();
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

#[cfg(unix)]
#[test]
fn the_token_reaches_curl_without_being_an_argument() {
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: the recipe needs curl, which is not installed here");
        return;
    }
    let recipe = block("sh", 2).replace("| curl", "| curl --silent --fail");
    let bin = assert_cmd::cargo::cargo_bin!("cg-auth");
    let path = format!("{}:{}", bin.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let script = format!("URL=$CG_AUTH_BASE_URL/me\n{recipe}");
    let output = cg_auth().args(["emulator", "--", "sh", "-c", &script]).env("PATH", path).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("someone@example.com"), "{}", stdout(&output));
}

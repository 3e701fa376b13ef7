//! Standard output without a reader, on a full disk, or closed.

#![cfg(unix)]

use std::{fs::File, process::Command, process::Stdio};

use crate::harness::{answering, cg_auth_process, http, stderr};

fn token(stdout: impl Into<Stdio>) -> Command {
    let body = r#"{"isSuccess":true,"value":{"access_token":"opaque","duration":60}}"#;
    let mut command = cg_auth_process();
    command
        .args(["token", "--base-url", &answering(http("200 OK", "", body)), "--upn", "someone@example.com"])
        .env("CG_AUTH_CLIENT_SECRET", "s3cret")
        .stdout(stdout)
        .stderr(Stdio::piped());
    command
}

#[test]
fn a_closed_reader_ends_the_command_without_a_message() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = token(writer.try_clone().unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "");

    let mut demo = cg_auth_process();
    let output = demo.arg("demo").stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let output = token(File::options().write(true).open("/dev/full").unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("error: cannot write to standard output\n"), "{}", stderr(&output));
}

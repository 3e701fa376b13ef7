//! Who reaches the emulator, and where its service lies: `--base-path`, `--cors` and `--control-token`.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use super::Running;
use crate::harness::{cg_auth, file, stderr, stdout};

/// The head of the answer to a request for `path`, at an emulator that listens on each address. The `Host` is
/// that of another machine, as a container would name it.
fn answer(emulator: &Running, request: &str, headers: &str) -> String {
    let base_url = emulator.ready()["control_url"].as_str().unwrap().to_owned();
    let host = base_url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nhost: emulator.example\r\nconnection: close\r\n{headers}\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split("\r\n\r\n").next().unwrap().to_ascii_lowercase()
}

fn status(emulator: &Running, path: &str, headers: &str) -> String {
    let head = answer(emulator, &format!("GET {path}"), headers);
    head.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn a_control_token_from_a_file_or_a_variable_opens_the_control_api() {
    let token_file = file("control-token", "opens-it\n");
    let by_file = Running::start(&["--format", "json", "--control-token", token_file.to_str().unwrap()]);
    let by_variable = Running::start_with(&["--format", "json"], &[("CG_AUTH_CONTROL_TOKEN", "opens-it")]);
    for emulator in [&by_file, &by_variable] {
        assert!(!emulator.first_line.contains("opens-it"), "{}", emulator.first_line);
        let shown = status(emulator, "/_emulator/health", "authorization: Bearer opens-it\r\n");
        assert_eq!(shown, "200");
        for headers in ["authorization: Bearer another\r\n", ""] {
            assert_eq!(
                status(emulator, "/_emulator/health", headers),
                "401",
                "on this machine too {headers}"
            );
        }
    }
    let without = Running::start(&["--format", "json"]);
    assert_eq!(status(&without, "/_emulator/health", "authorization: Bearer opens-it\r\n"), "403");
}

#[test]
fn a_command_gets_the_control_token_that_the_control_api_demands() {
    let token_file = file("control-token-of-a-command", "opens-it\n");
    let output = cg_auth()
        .args(["emulator", "--control-token"])
        .arg(token_file)
        .args(["--", "printenv", "CG_AUTH_CONTROL_TOKEN"])
        .output()
        .unwrap();
    assert_eq!((output.status.code(), &*stdout(&output)), (Some(0), "opens-it\n"), "{}", stderr(&output));
}

#[test]
fn an_unusable_control_token_is_refused_and_not_shown() {
    for (text, problem) in
        [("", "the token is empty"), ("\n", "the token is empty"), ("can ary", "visible ASCII")]
    {
        let token_file = file("bad-control-token", text);
        let mut command = cg_auth();
        let output = command.args(["emulator", "--control-token"]).arg(token_file).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
        let message = stderr(&output);
        assert!(message.contains("--control-token") && !message.contains("ary"), "{message}");
        assert!(message.contains(problem), "{message}");
    }
    let mut command = cg_auth();
    let output = command.args(["emulator"]).env("CG_AUTH_CONTROL_TOKEN", "can ary").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert!(message.contains("CG_AUTH_CONTROL_TOKEN") && !message.contains("ary"), "{message}");
    let output = cg_auth().args(["emulator", "--control-token", "/does/not/exist"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot read the control token"), "{}", stderr(&output));
}

#[test]
fn a_base_path_moves_the_service_and_not_the_control_api() {
    let config = file("emulator-base-path.toml", "base_path = '/elsewhere'\n");
    for (arguments, path) in [
        (&["--base-path", "/governance"][..], "/governance"),
        (&["--config", config.to_str().unwrap()], "/elsewhere"),
    ] {
        let emulator = Running::start(&[&["--format", "json"], arguments].concat());
        let ready = emulator.ready();
        let url = |member: &str| ready[member].as_str().unwrap().to_owned();
        assert!(url("base_url").trim_end_matches('/').ends_with(path), "{ready}");
        assert!(url("control_url").ends_with("/_emulator") && !url("control_url").contains(path), "{ready}");
        let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
        let mut command = cg_auth();
        command.arg("emulator").args(arguments).arg("--").arg(itself).arg("token");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    for path in ["governance", "/a b", "/_emulator", "/a/../b"] {
        let output = cg_auth().args(["emulator", "--base-path", path]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{path}");
        assert!(stderr(&output).contains("must be a plain path"), "{}", stderr(&output));
    }
}

#[test]
fn web_pages_may_call_the_service_by_opt_in_only() {
    let config = file("emulator-cors.toml", "cors = true\n");
    for (arguments, is_allowed) in
        [(&[][..], false), (&["--cors"], true), (&["--config", config.to_str().unwrap()], true)]
    {
        let emulator = Running::start(&[&["--format", "json"], arguments].concat());
        let head = answer(&emulator, "GET /me", "origin: http://page.example\r\n");
        assert_eq!(head.contains("access-control-allow-origin: *"), is_allowed, "{head}");
    }
}

//! Calls through a proxy. The proxy of these tests records its request, and opens no tunnel.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    process::Output,
    thread,
};

use assert_cmd::Command;

use crate::harness::{cg_auth, file, stderr, stdout};

const LIVE: &str = "live";
/// Nothing listens at this address.
const DEAD: &str = "http://127.0.0.1:1";
const LOGIN: &str = "error: the proxy refused the login (407); put user:password into CG_AUTH_PROXY\n";
const PASSWORD: &str = "canary-p4ss";

#[test]
fn a_refusal_of_the_proxy_is_reported() {
    for (transport, answer, code, message) in [
        ("reqwest", "407 Proxy Authentication Required", 2, LOGIN),
        ("hyper", "407 Proxy Authentication Required", 2, LOGIN),
        ("reqwest", "403 Forbidden", 5, "error: "),
        ("hyper", "403 Forbidden", 5, "error: "),
    ] {
        let (request, output) = through_proxy(answer, |command, authority| {
            command.args(["--transport", transport]).env("CG_AUTH_PROXY", with_password(authority));
        });
        assert!(request.starts_with("CONNECT service.example:443 HTTP/1.1\r\n"), "{request}");
        // The base64 of someone:canary-p4ss.
        assert!(request.contains("Basic c29tZW9uZTpjYW5hcnktcDRzcw=="), "{request}");
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{transport} {answer}: {shown}");
        assert!(shown.starts_with(message), "{shown}");
        assert_hint_is_the_proxy(&shown);
        assert!(!shown.contains(PASSWORD) && stdout(&output).is_empty(), "{shown}");
    }
}

#[test]
fn an_answer_from_the_proxy_is_not_mistaken_for_one_from_the_service() {
    for transport in ["reqwest", "hyper"] {
        let (request, output) = through_proxy_to(
            "http://service.example",
            "407 Proxy Authentication Required",
            |command, authority| {
                command.args(["--allow-http", "--transport", transport, "--proxy", authority]);
            },
        );
        assert!(
            request.starts_with("POST http://service.example/auth/token/delegate HTTP/1.1\r\n"),
            "{request}"
        );
        let shown = stderr(&output);
        assert!(shown.starts_with(LOGIN), "{shown}");
        assert_hint_is_the_proxy(&shown);
    }
}

#[test]
fn an_error_names_the_variable_that_holds_no_usable_proxy() {
    for transport in ["reqwest", "hyper"] {
        let mut command = token_of("https://service.example");
        command.args(["--transport", transport]).env("HTTPS_PROXY", "socks5://proxy.example");
        let output = command.output().unwrap();
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{shown}");
        assert!(shown.contains("HTTPS_PROXY"), "{shown}");
        assert_hint_is_the_proxy(&shown);
    }
}

#[test]
fn the_proxy_of_the_environment_is_used_unless_proxy_is_none() {
    let (request, _) = through_proxy("403 Forbidden", |command, authority| {
        command.env("HTTPS_PROXY", with_password(authority));
    });
    assert!(request.starts_with("CONNECT service.example:443 HTTP/1.1\r\n"), "{request}");

    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    unused.set_nonblocking(true).unwrap();
    let mut command = token_of("https://service.invalid");
    command
        .args(["--proxy", "none", "--retries", "0"])
        .env("HTTPS_PROXY", with_password(&unused.local_addr().unwrap().to_string()));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(unused.accept().is_err(), "the proxy was used");
}

#[test]
fn a_flag_wins_over_the_variable_and_the_variable_over_the_profile() {
    for (flag, variable, profile) in
        [(Some(LIVE), Some(DEAD), Some(DEAD)), (None, Some(LIVE), Some(DEAD)), (None, None, Some(LIVE))]
    {
        let (request, output) = through_proxy("403 Forbidden", |command, authority| {
            let url = |place: &str| if place == LIVE { authority.to_owned() } else { DEAD.to_owned() };
            command.env("HTTPS_PROXY", DEAD);
            command.args(flag.map(|place| format!("--proxy={}", url(place))));
            command.envs(variable.map(|place| ("CG_AUTH_PROXY", url(place))));
            let profile = profile.map_or_else(String::new, |place| format!("proxy = '{}'", url(place)));
            command.arg("--config").arg(file("chosen-proxy.toml", format!("[profiles.p]\n{profile}\n")));
            command.args(["--profile", "p"]);
        });
        assert!(request.starts_with("CONNECT "), "{flag:?} {variable:?} {profile:?}: {request}");
        assert_eq!(output.status.code(), Some(5), "{flag:?} {variable:?} {profile:?}");
    }
}

#[test]
fn a_password_in_an_argument_or_in_the_file_is_refused_without_being_shown() {
    let url = with_password("proxy.example");
    let config = file("proxy.toml", format!("[profiles.p]\nproxy = '{url}'\n"));
    for arguments in [["--proxy", &url], ["--profile", "p"]] {
        let mut command = token_of("https://service.example");
        let output = command.arg("--config").arg(&config).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let shown = stderr(&output);
        assert!(shown.contains("CG_AUTH_PROXY") && !shown.contains(PASSWORD), "{shown}");
    }
}

fn assert_hint_is_the_proxy(shown: &str) {
    let hint = shown.lines().find(|line| line.starts_with("hint: ")).unwrap_or_else(|| panic!("{shown}"));
    assert!(hint.contains("--proxy") && hint.contains("CG_AUTH_PROXY"), "{shown}");
    assert!(!hint.contains("--ca-file") && !hint.contains("--base-url"), "{shown}");
}

/// The request of `cg-auth token` to a proxy that answers `answer`, and the output of the command.
fn through_proxy(answer: &'static str, set_up: impl FnOnce(&mut Command, &str)) -> (String, Output) {
    through_proxy_to("https://service.example", answer, set_up)
}

/// Like [`through_proxy`], for a service at `base_url`.
fn through_proxy_to(
    base_url: &str,
    answer: &'static str,
    set_up: impl FnOnce(&mut Command, &str),
) -> (String, Output) {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = token_of(base_url);
    set_up(&mut command, &proxy.local_addr().unwrap().to_string());
    let request = thread::spawn(move || {
        let (mut connection, _) = proxy.accept().unwrap();
        let mut request = Vec::new();
        let mut piece = [0; 1024];
        while !is_whole(&request) {
            let length = connection.read(&mut piece).unwrap();
            assert!(length > 0, "the request has no end");
            request.extend_from_slice(&piece[..length]);
        }
        write!(connection, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8(request).unwrap()
    });
    let output = command.args(["--retries", "0"]).output().unwrap();
    (request.join().unwrap(), output)
}

/// Whether `request` is complete: CONNECT has no body, and any other request ends with a JSON body.
fn is_whole(request: &[u8]) -> bool {
    if request.starts_with(b"CONNECT ") { request.ends_with(b"\r\n\r\n") } else { request.ends_with(b"}") }
}

fn token_of(base_url: &str) -> Command {
    let mut command = cg_auth();
    command
        .args(["token", "--timeout", "10s", "--base-url", base_url, "--upn", "someone@example.com"])
        .env("CG_AUTH_CLIENT_SECRET", "c2VjcmV0");
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        command.env_remove(variable);
    }
    command
}

fn with_password(authority: &str) -> String {
    format!("http://someone:{PASSWORD}@{authority}")
}

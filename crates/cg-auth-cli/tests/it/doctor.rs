//! `cg-auth doctor` against each fault that it names, over both transports where the way to the service counts.

mod faults;
mod local;

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    process::Output,
    thread,
};

use assert_cmd::Command;
use cg_auth_emulator::{Emulator, Operation};
use serde_json::Value;

use crate::harness::{block_on, cg_auth, file, stderr, stdout, with_emulator};

const TRANSPORTS: [&str; 2] = ["reqwest", "hyper"];
const SECRET: &str = "canary-s3cret";

/// `cg-auth doctor` with an invented credential, without the proxies of the environment.
fn doctor(base_url: &str) -> Command {
    let mut command = cg_auth();
    command.args(["doctor", "--base-url", base_url, "--upn", "a@b"]);
    command.env("CG_AUTH_TIMEOUT", "30s");
    command
        .env("CG_AUTH_CLIENT_SECRET", SECRET)
        .env_remove("LC_ALL")
        .env_remove("LC_CTYPE")
        .env_remove("LANG");
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        command.env_remove(variable);
    }
    command
}

/// The line about `name`, without its mark and name, and the mark.
fn line(output: &Output, name: &str) -> (char, String) {
    let text = stdout(output);
    assert!(!text.contains("canary") && !stderr(output).contains("canary"), "{text}{}", stderr(output));
    let found = text.lines().find_map(|line| {
        let (mark, rest) = line.split_once(' ')?;
        Some((mark.chars().next()?, rest.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
    });
    found.unwrap_or_else(|| panic!("no {name} in {text}{}", stderr(output)))
}

/// Runs the command, whose check `name` must fail with `code` and `text`. The checks after it are skipped.
fn assert_fails(command: &mut Command, name: &str, code: i32, text: &str) {
    let output = command.output().unwrap();
    let shown = stdout(&output);
    assert_eq!(output.status.code(), Some(code), "{shown}{}", stderr(&output));
    let (mark, found) = line(&output, name);
    assert_eq!(mark, '\u{2717}', "{shown}");
    assert!(found.contains(text), "{text:?} is not in {found:?}");
    assert!(found.contains("; "), "it says what to do: {found}");
    let after = shown.lines().skip_while(|line| !line.starts_with('\u{2717}')).skip(1);
    for line in after {
        assert!(!line.starts_with('\u{2713}') || name == "config file" || name == "client secret", "{shown}");
    }
}

/// The check `name` in the object of `--format json`.
fn check(output: &Output, name: &str) -> Value {
    let object: Value = serde_json::from_str(&stdout(output)).unwrap();
    let checks = object["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{object}")).clone()
}

/// A server that answers each request with `answer`, and each connection without a request with nothing.
fn server(answer: impl Into<String>) -> String {
    let answer = answer.into();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            // The check of TCP connects and sends nothing.
            if stream.read(&mut request).is_ok_and(|length| length > 0) {
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    address.to_string()
}

#[test]
fn a_healthy_service_passes_every_check_and_gets_no_secret_unless_a_token_is_wanted() {
    for is_tls in [false, true] {
        let builder = Emulator::builder();
        let emulator = block_on(if is_tls { builder.tls() } else { builder }.start()).unwrap();
        let ca_file = file("doctor-ca.pem", emulator.ca_pem().unwrap_or_default());
        for transport in TRANSPORTS {
            let run = |more: &[&str]| {
                let mut command = with_emulator(&emulator, &["doctor", "--transport", transport]);
                if is_tls {
                    command.env("CG_AUTH_CA_FILE", &ca_file);
                }
                command.args(more).output().unwrap()
            };
            let before = emulator.count(Operation::GetDelegateAccessToken);
            let seen = emulator.requests().len();
            let output = run(&[]);
            assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
            assert_eq!(emulator.count(Operation::GetDelegateAccessToken), before);
            let requests = emulator.requests();
            let sent = format!("{:?}", &requests[seen..]);
            assert!(requests.len() > seen && !sent.contains("someone@example.com"), "{sent}");
            assert_eq!(line(&output, "clock"), ('\u{2713}', "agrees with the service".to_owned()));
            assert!(!stdout(&output).contains(" token: "), "{}", stdout(&output));
            let version = if is_tls { "HTTP/2" } else { "HTTP/1.1" };
            assert!(line(&output, "HTTP").1.starts_with(&format!("{version} by {transport}")));
            assert_eq!(line(&output, "TLS").0, if is_tls { '\u{2713}' } else { '-' });

            let output = run(&["--with-token"]);
            assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
            assert!(line(&output, "token").1.starts_with("issued for someone@example.com, expires in "));
            assert!(!stdout(&output).contains("eyJ"), "{}", stdout(&output));
            assert_eq!(emulator.count(Operation::GetDelegateAccessToken), before + 1);
        }
    }
}

#[test]
fn the_certificate_is_shown_with_issuer_names_and_days() {
    let emulator = block_on(Emulator::builder().tls().start()).unwrap();
    let ca_file = file("doctor-facts-ca.pem", emulator.ca_pem().unwrap());
    for transport in TRANSPORTS {
        let mut command = with_emulator(&emulator, &["doctor", "-o", "json", "--transport", transport]);
        let output = command.env("CG_AUTH_CA_FILE", &ca_file).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        let tls = check(&output, "tls");
        assert_eq!(tls["status"], "ok");
        let facts = &tls["facts"];
        assert_eq!(facts["issuer"], "CN=cg-auth emulator authority");
        assert!(facts["names"].as_array().unwrap().contains(&"127.0.0.1".into()), "{facts}");
        assert!(facts["days_left"].as_i64().unwrap() > 30, "{facts}");
        assert!(facts["not_after"].as_str().unwrap().ends_with('Z'), "{facts}");
        assert_eq!(check(&output, "http")["facts"]["version"], "HTTP/2");
        assert_eq!(check(&output, "dns")["facts"]["addresses"][0], "127.0.0.1");
    }
}

#[test]
fn the_object_holds_every_check_and_the_code_of_the_first_failure() {
    let output = doctor("http://127.0.0.1:1").args(["--format", "json"]).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(5), String::new()));
    let object: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&object["version"], &object["ok"], &object["exit_code"]),
        (&1.into(), &false.into(), &5.into())
    );
    let names: Vec<_> = object["checks"].as_array().unwrap().iter().map(|check| &check["name"]).collect();
    let all = ["config_file", "settings", "client_secret", "proxy", "dns", "tcp", "tls", "http", "clock"];
    assert_eq!(names, all);
    let tcp = check(&output, "tcp");
    assert_eq!((&tcp["status"], &tcp["exit_code"]), (&"failed".into(), &5.into()));
    assert_eq!(tcp["detail"], "cannot reach 127.0.0.1:1: connection refused");
    assert_eq!(tcp["fix"], "check the host and the port of the base URL");
    assert_eq!(check(&output, "clock")["status"], "skipped");
}

#[test]
fn a_refused_secret_fails_the_token_with_the_code_of_the_service() {
    let emulator = block_on(Emulator::start()).unwrap();
    for transport in TRANSPORTS {
        let mut command = doctor(emulator.base_url().as_str());
        command.args(["--with-token", "--transport", transport]);
        assert_fails(&mut command, "token", 3, "the service answered 4");
    }
    let _outage = emulator.next(Operation::GetDelegateAccessToken).always().refuse(503);
    let mut command = doctor(emulator.base_url().as_str());
    assert_fails(command.args(["--with-token", "--retries", "1"]), "token", 3, "after 2 attempts");
}

#[test]
fn a_locale_without_utf_8_gets_ascii_marks() {
    for (locale, ok, failed) in [("C", "ok  ", "FAIL"), ("en_US.UTF-8", "\u{2713}", "\u{2717}")] {
        let output = doctor("http://127.0.0.1:1").env("LC_ALL", locale).output().unwrap();
        let text = stdout(&output);
        assert!(
            text.contains(&format!("{ok} settings: ")) && text.contains(&format!("{failed} TCP: ")),
            "{text}"
        );
        assert_eq!(text.is_ascii(), locale == "C", "{text}");
    }
}

#[test]
fn the_log_of_a_check_holds_no_secret() {
    let emulator = block_on(Emulator::start()).unwrap();
    for transport in TRANSPORTS {
        let mut command = doctor(emulator.base_url().as_str());
        let output = command.args(["-v", "--with-token", "--transport", transport]).output().unwrap();
        line(&output, "token");
    }
}

//! The clock at the start: `--now`, `--frozen` and the keys of the configuration file.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use super::Running;
use crate::harness::{cg_auth, file, stderr, stdout};

/// The clock of the emulator, as its control API shows it.
fn clock_of(emulator: &Running) -> Value {
    let answer = exchange(emulator, "GET /_emulator/clock", "", "");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn the_clock_starts_at_the_time_of_the_flag_or_of_the_file_and_stands_still() {
    let config = file("emulator-clock.toml", "now = 2031-02-03T04:05:06Z\nfrozen = true\n");
    let config = config.to_str().unwrap();
    for (arguments, now) in [
        (&["--now", "2030-01-01T00:00:00Z", "--frozen"][..], "2030-01-01T00:00:00.000Z"),
        (&["--config", config], "2031-02-03T04:05:06.000Z"),
        (&["--config", config, "--now", "2030-01-01T00:00:00Z"], "2030-01-01T00:00:00.000Z"),
    ] {
        let emulator = Running::start(&[&["--format", "json"], arguments].concat());
        let clock = clock_of(&emulator);
        assert_eq!((clock["now"].as_str(), clock["frozen"].as_bool()), (Some(now), Some(true)));
        assert_eq!(clock_of(&emulator), clock, "it stands still");
    }
    let running = Running::start(&["--format", "json", "--now", "2030-01-01T00:00:00Z"]);
    assert_eq!(clock_of(&running)["frozen"], false);
}

#[test]
fn a_seed_and_a_frozen_clock_repeat_a_token_byte_for_byte() {
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    let token = |now: &str| {
        let mut command = cg_auth();
        command.args(["emulator", "--seed", "7", "--frozen", "--now", now, "--"]).arg(itself).arg("token");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let first = token("2090-01-01T00:00:00Z");
    assert_eq!(token("2090-01-01T00:00:00Z"), first);
    assert_ne!(token("2090-01-01T00:00:01Z"), first);
}

#[test]
fn two_processes_with_a_seed_and_a_frozen_clock_give_the_same_bytes_and_so_does_a_reset() {
    let arguments = ["--format", "json", "--seed", "7", "--frozen", "--now", "2090-01-01T00:00:00Z"];
    let emulators = [(); 2].map(|()| Running::start(&arguments));
    let first = transcript(&emulators[0]);
    for shown in ["requestId", "issued_refresh_token_digest", "\"connection\":", "cg_auth_emulator_scripts 2"]
    {
        assert!(first.contains(shown), "{shown}: {first}");
    }
    assert_eq!(transcript(&emulators[1]), first);
    assert_ne!(transcript(&emulators[0]), first, "only a reset rewinds");
    for emulator in &emulators {
        exchange(emulator, "POST /_emulator/reset", "", "");
        assert_eq!(transcript(emulator), first);
    }
}

/// Every byte of the answers to tokens, refusals and scripts, and then of each route of the control API that
/// shows something.
fn transcript(emulator: &Running) -> String {
    let mut all = String::new();
    let mut send = |line: &str, headers: &str, body: &str| {
        let answer = exchange(emulator, line, headers, body);
        all.push_str(&answer);
        answer
    };
    let flaky = r#"{"operation":"other","always":true,"fault":"flaky"}"#;
    let lost = r#"{"operation":"delete_token_cache","fault":"lost_answer_in_body"}"#;
    for script in [flaky, flaky, lost] {
        send("POST /_emulator/scripts", "", script);
    }
    let ready = emulator.ready();
    for user in ["administrator", "plain_user"] {
        let [name, secret] =
            ["user_principal_name", "client_secret"].map(|it| ready[user][it].as_str().unwrap());
        let key = format!("clientSecret: {secret}\r\nuserPrincipalName: {name}\r\n");
        let body = format!(r#"{{"clientSecret":"{secret}","userPrincipalName":"{name}"}}"#);
        let issued = send("POST /auth/token/delegate", &key, &body);
        let issued: Value = serde_json::from_str(issued.split_once("\r\n\r\n").unwrap().1).unwrap();
        let refresh_token = issued["value"]["refresh_token"].as_str().unwrap();
        for _ in 0..2 {
            send("POST /auth/token/refresh", &format!("{key}refresh_token: {refresh_token}\r\n"), "");
            send("POST /_emulator/clock", "", r#"{"advance_seconds":0.5}"#);
        }
        send("DELETE /admin/auth/token/cache", &key, &body);
        for _ in 0..8 {
            send("GET /nowhere", "", "");
        }
    }
    let index = send("GET /_emulator/", "", "");
    let index: Value = serde_json::from_str(index.split_once("\r\n\r\n").unwrap().1).unwrap();
    for route in index["routes"].as_array().unwrap() {
        if route["method"] == "GET" {
            send(&format!("GET {}", route["path"].as_str().unwrap()), "", "");
        }
    }
    all
}

/// The answer to a request on a connection of its own. Its `Host` is the same for every emulator.
fn exchange(emulator: &Running, line: &str, headers: &str, body: &str) -> String {
    let control = emulator.ready()["control_url"].as_str().unwrap().to_owned();
    let mut stream = TcpStream::connect(control.split('/').nth(2).unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let length = body.len();
    write!(stream, "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n").unwrap();
    write!(stream, "content-length: {length}\r\n{headers}\r\n{body}").unwrap();
    let mut answer = Vec::new();
    // A fault may reset the connection.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_time_that_is_none_is_refused() {
    for time in ["soon", "2031-01-01", "1969-12-31T23:59:59Z", "2030-01-01T00:00:00+01:00"] {
        let output = cg_auth().args(["emulator", "--now", time]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{time}");
        assert!(stderr(&output).contains("expected a time such as 2030-01-01T00:00:00Z"), "{time}");
    }
}

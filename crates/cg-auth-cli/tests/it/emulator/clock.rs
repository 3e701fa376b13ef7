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
    let control = emulator.ready()["control_url"].as_str().unwrap().to_owned();
    let (host, path) = control.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET /{path}/clock HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
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
fn a_time_that_is_none_is_refused() {
    for time in ["soon", "2031-01-01", "1969-12-31T23:59:59Z", "2030-01-01T00:00:00+01:00"] {
        let output = cg_auth().args(["emulator", "--now", time]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{time}");
        assert!(stderr(&output).contains("expected a time such as 2030-01-01T00:00:00Z"), "{time}");
    }
}

//! The emulator answers requests even if no process reads its request log.

#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{cg_auth_process, read_request};

/// Starts `command` and returns it with the address in its first line. Standard error is a pipe.
fn start(command: &mut Command) -> (Child, String) {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (_, address) = line.split_once("http://").unwrap();
    (child, address.trim_end().trim_end_matches('\'').to_owned())
}

/// Sends more requests than the pipe and the log queue can hold.
fn flood(address: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!("GET /{} HTTP/1.1\r\nhost: {address}\r\n\r\n", "x".repeat(1000));
    for _ in 0..2000 {
        stream.write_all(request.as_bytes()).unwrap();
        read_request(&mut stream);
    }
}

#[test]
fn an_emulator_whose_log_is_not_read_answers_and_stops() {
    let (mut child, address) = start(cg_auth_process().arg("emulator"));
    flood(&address);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_emulator_whose_log_is_not_read_ends_with_its_command() {
    let script = "echo \"$CG_AUTH_BASE_URL\"; read -r _; exit 5";
    let (mut child, address) =
        start(cg_auth_process().args(["emulator", "-v", "--error-format", "json", "--", "sh", "-c", script]));
    flood(&address);
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn a_late_reader_of_the_log_sees_how_many_requests_are_missing() {
    let (mut child, address) = start(cg_auth_process().arg("emulator"));
    flood(&address);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut shown = 0;
    let warning = loop {
        match lines.next().unwrap() {
            line if line.starts_with("warning: ") => break line,
            _ => shown += 1,
        }
    };
    let lost: usize = warning.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(lost > 0 && shown + lost == 2000, "{shown} {warning}");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

//! The control API of the emulator and its scripts, over a real socket.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    sync::LazyLock,
    time::Duration,
};

use cg_auth_emulator::Emulator;
use http::Uri;
use serde_json::{Value, json};

use crate::exchange::split_line;

/// The first line of the input is a method and the rest of a path below `/_emulator/`; the rest is the body.
pub fn check(input: &[u8]) {
    let (line, body) = split_line(input);
    let Ok(line) = std::str::from_utf8(line) else { return };
    let (method, path) = line.split_once(' ').unwrap_or(("POST", line));
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_token(method) || path.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'#') {
        return;
    }
    let is_wait = path.split('?').next() == Some("requests/wait");
    if is_wait && !path.ends_with("within=0") {
        return; // it waits for minutes
    }
    EMULATOR.reset();
    let target = format!("/_emulator/{path}");
    let Some((status, answer)) = request(method, &target, body) else {
        panic!("{method} {path} gets no answer");
    };
    assert!((200..500).contains(&status) || is_wait && status == 504, "{method} {path}: {status}");
    if target.parse::<Uri>().is_err() {
        assert_eq!(status, 400, "{method} {path}"); // hyper itself refuses it, without a body
    } else if status >= 400 && method != "HEAD" {
        let error: Value = serde_json::from_slice(&answer).expect("an error is JSON");
        assert!(error["error"]["code"].is_string() && error["error"]["message"].is_string(), "{error}");
    }
    if (status, path) == (201, "scripts") {
        scripted();
    }
    EMULATOR.reset();
    assert_eq!(request("GET", "/_emulator/health", b"").map(|(status, _)| status), Some(200), "it lives on");
}

/// A script that was accepted can be listed, and plays if every request meets it.
fn scripted() {
    let (_, list) = request("GET", "/_emulator/scripts", b"").expect("a list");
    let list: Value = serde_json::from_slice(&list).unwrap();
    let script = &list["scripts"][0];
    let meets_all = script["operation"] == "get_delegate_access_token"
        && script["probability"].as_f64() == Some(1.0)
        && script["user"].is_null()
        && script["headers"] == json!([]);
    // A fault may leave a request without an end.
    if !meets_all || script["delay_seconds"].as_f64() != Some(0.0) || !script["fault"].is_null() {
        return;
    }
    let answer = request("POST", "/auth/token/delegate", b"{}");
    match script["ending"].as_str() {
        Some("answer" | "refuse") if script["remaining"].as_u64() != Some(0) => {
            assert_eq!(answer.map(|(status, _)| status.into()), script["status"].as_u64());
        }
        _ => assert!(answer.is_some()),
    }
}

/// Sends a request on a connection of its own; returns status and body of the answer, if there is one.
fn request(method: &str, path: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(EMULATOR.address()).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    match BufReader::new(stream).read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{method} {path}: {error}"),
    }
    let (head, body) = answer.split_at(answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4);
    let line = head.lines().next()?.unwrap();
    Some((line.split(' ').nth(1)?.parse().unwrap(), body.to_vec()))
}

static EMULATOR: LazyLock<Emulator> = LazyLock::new(|| Emulator::start_blocking().unwrap());

/// Longer than any answer takes, on any machine.
const HANG: Duration = Duration::from_secs(30);

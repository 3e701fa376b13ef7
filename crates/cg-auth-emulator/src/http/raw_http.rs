//! HTTP/1.1 by hand, for tests of what no client library sends or shows.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::Emulator;

/// Sends `request` and reads until the connection is closed. Blocks.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    // A connection that is reset has been closed, too.
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// The status and the JSON body of an answer, on a connection of its own. The status is 0 if there is none.
pub(crate) fn ask(emulator: &Emulator, line: &str, body: &str) -> (u16, serde_json::Value) {
    ask_with(emulator, line, "content-type: application/json", body)
}

/// A delegation by the first user.
pub(crate) fn delegate(emulator: &Emulator) -> (u16, serde_json::Value) {
    let credential = emulator.credential();
    let (name, secret) = (credential.user_principal_name(), credential.client_secret().expose_secret());
    let headers = format!("clientSecret: {secret}\r\nuserPrincipalName: {name}");
    let body = format!(r#"{{"clientSecret":"{secret}","userPrincipalName":"{name}"}}"#);
    ask_with(emulator, "POST /auth/token/delegate", &headers, &body)
}

fn ask_with(emulator: &Emulator, line: &str, headers: &str, body: &str) -> (u16, serde_json::Value) {
    let length = body.len();
    let head = format!("host: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}");
    let answer = exchange(emulator.address(), &format!("{line} HTTP/1.1\r\n{head}\r\n\r\n{body}"));
    let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or_default())
}

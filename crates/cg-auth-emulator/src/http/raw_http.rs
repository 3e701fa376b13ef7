//! Hand-written HTTP/1.1, for tests of requests that no client library sends.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use cg_auth_core::ApiCredential;

/// Sends `request` and reads until the server closes the connection. Blocks.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    // A connection reset ends the answer too.
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// Sends a request on a new connection and returns the status and the JSON body of the answer. Status 0 means
/// no answer.
pub(crate) fn ask(address: SocketAddr, line: &str, body: &str) -> (u16, serde_json::Value) {
    ask_with(address, line, "content-type: application/json", body)
}

/// Requests a delegated token with `credential`.
pub(crate) fn delegate(address: SocketAddr, credential: &ApiCredential) -> (u16, serde_json::Value) {
    let (name, secret) = (credential.user_principal_name(), credential.client_secret().expose_secret());
    let headers = format!("clientSecret: {secret}\r\nuserPrincipalName: {name}");
    let body = format!(r#"{{"clientSecret":"{secret}","userPrincipalName":"{name}"}}"#);
    ask_with(address, "POST /auth/token/delegate", &headers, &body)
}

fn ask_with(address: SocketAddr, line: &str, headers: &str, body: &str) -> (u16, serde_json::Value) {
    let length = body.len();
    let head = format!("host: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}");
    let answer = exchange(address, &format!("{line} HTTP/1.1\r\n{head}\r\n\r\n{body}"));
    let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or_default())
}

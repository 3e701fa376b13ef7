//! The limits that the README states, over real sockets.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    time::Duration,
};

use super::*;
use crate::{
    Operation,
    http::{
        conversation::{MAX_HEADERS, MAX_STREAMS},
        raw_client::RawClient,
        raw_http, raw_http2,
        server::MAX_CONNECTIONS,
    },
    request_log::{MAX_REQUESTS, MAX_WAITS},
    scripts::MAX_SCRIPTS,
    service::MAX_FAMILIES,
};

/// What the README states for requests: 64 KiB each.
const KIB_64: usize = 64 * 1024;

#[test]
fn the_readme_states_the_limits_of_the_code() {
    let readme = include_str!("../../../README.md");
    for row in [
        format!("| open connections | {MAX_CONNECTIONS}, "),
        format!("| headers of a request | {MAX_HEADERS} over HTTP/1.1, "),
        "| head and body of a request | 64 KiB each |".to_owned(),
        format!("each with at most {MAX_STREAMS} requests in flight"),
        format!("| scripts | {MAX_SCRIPTS} |"),
        format!("| recorded requests | the newest {MAX_REQUESTS} |"),
        format!("| requests that wait | {MAX_WAITS}, each for at most 300 s |"),
        format!("| sessions that can be refreshed | {MAX_FAMILIES} |"),
    ] {
        assert!(readme.contains(&row), "{row}");
    }
}

#[tokio::test]
async fn a_body_of_64_kib_is_read_and_one_byte_more_is_refused() {
    let emulator = Emulator::start().await.unwrap();
    for http2 in [Http2::Negotiated, Http2::PriorKnowledge] {
        let transport = HyperTransport::builder().http2(http2).build().unwrap();
        for (length, status, code) in [(KIB_64, 400, "InvalidRequest"), (KIB_64 + 1, 413, "RequestTooLarge")]
        {
            let request = Request::post(format!("{}/auth/token/delegate", emulator.base_url()));
            let request = request.header("content-type", "application/json");
            let answer = transport.send(request.body(Body::from("x".repeat(length))).unwrap()).await.unwrap();
            assert_eq!(answer.status(), status, "{http2:?} {length}");
            let text = String::from_utf8_lossy(answer.body().as_bytes()).into_owned();
            assert!(text.contains(code), "{http2:?} {length}: {text}");
        }
    }
    let seen: Vec<_> = emulator.requests().iter().map(crate::RecordedRequest::body_length).collect();
    assert_eq!(seen, [KIB_64 as u64, 0, KIB_64 as u64, 0]);
}

#[test]
fn a_chunked_body_has_the_same_limit() {
    let emulator = Emulator::start_blocking().unwrap();
    for (length, status) in [(KIB_64, "400"), (KIB_64 + 1, "413")] {
        let head = "POST /auth/token/delegate HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
        let half = "x".repeat(KIB_64 / 2);
        let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
        let body = [chunk(&half), chunk(&"x".repeat(length - half.len())), "0\r\n\r\n".to_owned()].concat();
        let request =
            format!("{head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{body}");
        let answer = raw_http::exchange(emulator.address(), &request);
        assert_eq!(answer.split(' ').nth(1), Some(status), "{length}: {answer}");
    }
}

#[test]
fn an_http1_request_of_200_headers_is_served_and_one_more_is_refused() {
    let emulator = Emulator::start_blocking().unwrap();
    for (count, status) in [(MAX_HEADERS, "401"), (MAX_HEADERS + 1, "431")] {
        // Two of them are `Host` and `Connection`.
        let more: String = (2..count).map(|n| format!("x-{n}: v\r\n")).collect();
        let request = format!("GET /me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n");
        let answer = raw_http::exchange(emulator.address(), &request);
        assert_eq!(answer.split(' ').nth(1), Some(status), "{count}: {answer}");
    }
    let requests = emulator.requests();
    assert_eq!((requests.len(), requests[0].headers().len()), (1, 64), "the log keeps 64 of them");
}

#[test]
fn an_http1_head_of_64_kib_is_served_and_a_longer_one_is_refused() {
    let emulator = Emulator::start_blocking().unwrap();
    for (length, status) in [(KIB_64, "401"), (KIB_64 + 1, "431")] {
        let start = "GET /me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-long: ";
        let value = "v".repeat(length - start.len() - 4);
        let answer = raw_http::exchange(emulator.address(), &format!("{start}{value}\r\n\r\n"));
        assert_eq!(answer.split(' ').nth(1), Some(status), "{length}: {answer}");
    }
}

#[tokio::test]
async fn an_http2_head_of_almost_64_kib_is_served_and_a_longer_one_is_refused() {
    let emulator = Emulator::start().await.unwrap();
    let transport = HyperTransport::builder().http2(Http2::PriorKnowledge).build().unwrap();
    // HTTP/2 counts each field with 32 bytes more than its name and value.
    for (length, status) in [(KIB_64 - 512, 401), (KIB_64, 431)] {
        let request = Request::get(emulator.protected_url()).header("x-long", "v".repeat(length));
        let answer = transport.send(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{length}");
    }
    assert_eq!(emulator.requests().len(), 1);
}

#[test]
fn an_http2_client_learns_how_many_requests_may_be_in_flight_and_how_long_a_head_may_be() {
    let emulator = Emulator::start_blocking().unwrap();
    let mut client = RawClient::get(&emulator, true);
    client.read_and_linger(|bytes| raw_http2::body_length(bytes).1);
    let settings = &client.received()[9..9 + usize::from(client.received()[2])];
    let setting = |wanted: u8| {
        let found = settings.chunks(6).find(|setting| setting[1] == wanted);
        found.map(|it| u32::from_be_bytes(it[2..].try_into().unwrap()))
    };
    assert_eq!((setting(3), setting(6)), (Some(MAX_STREAMS), Some(64 * 1024)));
}

#[test]
fn the_257th_connection_waits_until_another_one_closes() {
    let emulator = Emulator::start_blocking().unwrap();
    let connect = || {
        let stream = std::net::TcpStream::connect(emulator.address()).unwrap();
        (&stream).write_all(b"GET /me HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        stream
    };
    let served = |mut stream: &std::net::TcpStream, within| {
        stream.set_read_timeout(Some(within)).unwrap();
        match stream.read(&mut [0; 1024]) {
            Ok(count) => count > 0,
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
                false
            }
        }
    };
    let count = MAX_CONNECTIONS as u64;
    let _script = emulator.next(Operation::ProtectedResource).times(count).never_answer();
    let mut open: Vec<_> = (0..count).map(|_| connect()).collect();
    emulator.wait_for_blocking(Operation::ProtectedResource, count, LONG).unwrap();
    let next = connect();
    assert!(!served(&next, Duration::from_millis(300)));
    drop(open.pop());
    assert!(served(&next, LONG));
    assert_eq!(emulator.requests().len(), MAX_CONNECTIONS + 1);
}

//! Filters, waits and digests over HTTP.

use std::{thread, time::Duration};

use super::*;
use crate::{Operation, RequestFilter, request_log::MAX_WAITS};

#[test]
fn requests_are_filtered_by_operation_user_number_and_limit() {
    let emulator = Emulator::start_blocking().unwrap();
    delegate(&emulator);
    raw_http::delegate(emulator.address(), emulator.plain_user().unwrap());
    ask(&emulator, "GET /me", "");
    delegate(&emulator);
    for (query, numbers) in [
        ("", &[1, 2, 3, 4][..]),
        ("?operation=get_delegate_access_token", &[1, 2, 4]),
        ("?user=PLAIN%40example.com", &[2]),
        ("?since=2", &[3, 4]),
        ("?limit=2", &[1, 2]),
        ("?limit=0", &[]),
        ("?user=someone@example.com&since=1&operation=get_delegate_access_token&limit=9", &[4]),
        ("?user=nobody@x", &[]),
    ] {
        let (status, list) = ask(&emulator, &format!("GET /_emulator/requests{query}"), "");
        let listed: Vec<_> =
            list["requests"].as_array().unwrap().iter().map(|it| it["number"].as_u64().unwrap()).collect();
        assert_eq!((status, &*listed), (200, numbers), "{query}");
        assert_eq!(list["counts"]["get_delegate_access_token"], 3);
    }
    let plain = RequestFilter::new().user("Plain@Example.com");
    assert_eq!((emulator.requests_matching(&plain).len(), emulator.count_matching(&plain)), (1, 1));
    assert_eq!(emulator.count_matching(&RequestFilter::new()), 4);
    assert_eq!(emulator.count_matching(&RequestFilter::new().since(2)), 2);
    assert_eq!(emulator.count_matching(&RequestFilter::new().operation(Operation::ProtectedResource)), 1);
}

#[test]
fn a_wait_ends_with_the_third_request_of_one_user() {
    let emulator = Emulator::start_blocking().unwrap();
    let plain = emulator.plain_user().unwrap();
    thread::scope(|scope| {
        let line = "GET /_emulator/requests/wait?user=plain@example.com&count=3&within=100";
        let waiter = scope.spawn(|| ask(&emulator, line, ""));
        for _ in 0..3 {
            delegate(&emulator);
            raw_http::delegate(emulator.address(), plain);
        }
        let (status, arrived) = waiter.join().unwrap();
        assert_eq!((status, &arrived["count"]), (200, &json!(3)));
        assert!(arrived["requests"].as_array().unwrap().iter().all(|it| it["user"] == "plain@example.com"));
    });
    let (status, late) = ask(&emulator, "GET /_emulator/requests/wait?count=7&within=0.01", "");
    assert_eq!((status, &late["error"]["count"]), (504, &json!(6)));
    let waited = emulator.wait_for_blocking(Operation::ProtectedResource, 1, Duration::ZERO).unwrap_err();
    assert_eq!((waited.operation, waited.seen), (Some(Operation::ProtectedResource), 0));
}

#[test]
fn waits_are_bounded_end_with_their_connection_and_do_not_delay_a_shutdown() {
    let emulator = Emulator::start_blocking().unwrap();
    let clock = emulator.clock().clone();
    let open = || {
        let mut stream = std::net::TcpStream::connect(emulator.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = "GET /_emulator/requests/wait?within=300 HTTP/1.1\r\nhost: localhost\r\n\r\n";
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        stream
    };
    let mut waits: Vec<_> = (0..MAX_WAITS).map(|_| open()).collect();
    let refused = || {
        let (status, error) = ask(&emulator, "GET /_emulator/requests/wait?within=0&count=1", "");
        if status == 503 {
            assert_eq!(error["error"]["code"], "TooManyWaits");
        }
        status
    };
    while refused() != 503 {}
    waits.pop();
    while refused() != 504 {}
    let before = clock.now();
    emulator.shutdown_blocking();
    assert!(clock.now().saturating_since(before) < Duration::from_secs(9));
    let mut answer = [0; 12];
    std::io::Read::read_exact(&mut waits[0], &mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 503");
}

#[test]
fn a_record_shows_the_user_and_digests_that_can_be_compared() {
    let emulator = Emulator::start_blocking().unwrap();
    let (_, first) = delegate(&emulator);
    let credential = emulator.credential();
    let secret = credential.client_secret().expose_secret();
    let refresh = |token: &serde_json::Value| {
        let headers = format!(
            "POST /auth/token/refresh HTTP/1.1\r\nclientSecret: {secret}\r\nuserPrincipalName: SOMEONE@example.com\r\n\
             refresh_token: {}\r\nx-rest:",
            token.as_str().unwrap()
        );
        ask(&emulator, &headers, "").1
    };
    let second = refresh(&first["value"]["refresh_token"]);
    refresh(&second["value"]["refresh_token"]);
    let token = second["value"]["access_token"].as_str().unwrap();
    ask(&emulator, &format!("GET /me HTTP/1.1\r\nauthorization: Bearer {token}\r\nx-rest:"), "");
    ask(
        &emulator,
        &format!("POST /auth/token/refresh HTTP/1.1\r\nuserPrincipalName: {secret}\r\nx-rest:"),
        "",
    );

    let (_, list) = ask(&emulator, "GET /_emulator/requests", "");
    let rows = &list["requests"];
    for n in 0..4 {
        assert_eq!(rows[n]["user"], "someone@example.com");
    }
    assert_eq!(rows[4]["user"], json!(null), "a secret in the place of the name must not be shown");
    assert_eq!(rows[0]["client_secret_digest"], json!(emulator.digest(secret)));
    assert!(rows[0]["body_length"].as_u64() > Some(50) && rows[1]["body_length"] == 0);
    for n in 1..3 {
        assert_eq!(rows[n]["refresh_token_digest"], rows[n - 1]["issued_refresh_token_digest"]);
        assert_ne!(rows[n]["refresh_token_digest"], rows[n]["issued_refresh_token_digest"]);
    }
    assert_eq!(rows[3]["access_token_digest"], rows[1]["issued_access_token_digest"]);
    assert_eq!(rows[3]["issued_access_token_digest"], json!(null));
    let requests = emulator.requests();
    assert_eq!(requests[2].refresh_token_digest(), requests[1].issued_refresh_token_digest());
    let shown = format!("{list} {requests:?}");
    for value in [secret, token, second["value"]["refresh_token"].as_str().unwrap()] {
        assert!(!shown.contains(value));
    }
}

//! Requests that `cg-auth proxy` must not forward, as bytes on a socket.

#![cfg(unix)]

use std::{
    io::{Read as _, Write as _},
    net::Shutdown,
    process::Command,
};

use crate::{
    harness::{emulator, stderr, stdout},
    proxy::Running,
    upstream::{Upstream, answer},
};

/// The first line of an answer without its version, or nothing.
fn status(answer: &str) -> &str {
    answer.lines().next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).unwrap_or(answer)
}

#[test]
fn only_an_allowed_host_is_answered() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let running = Running::start(&emulator, &upstream.url, &["--allow-host", "Dev.example:80"]);
    let (prefix, address) = (running.prefix(), running.address());
    let port = address.split(':').nth(1).unwrap();
    for host in [address, &format!("localhost:{port}"), &format!("LocalHost:{port}"), "dev.example:80"] {
        let request = format!("GET /{prefix}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&running.exchange(request)), "200 OK", "{host}");
    }
    let asked = upstream.received().len();
    // A page whose name leads to this machine (DNS rebinding) has its own name in `Host`.
    for lines in [
        String::new(),
        "Host:\r\n".into(),
        "Host: evil.example\r\n".into(),
        format!("Host: evil.example:{port}\r\n"),
        "Host: 127.0.0.1\r\n".into(),
        "Host: 127.0.0.1:1\r\n".into(),
        format!("Host: localhost.:{port}\r\n"),
        format!("Host: user@127.0.0.1:{port}\r\n"),
        format!("Host: 127.0.0.1:{port}, evil.example\r\n"),
        format!("Host: {address}\r\nHost: evil.example\r\n"),
        format!("Host: {address}\r\nhost: {address}\r\n"),
    ] {
        for path in [format!("/{prefix}/"), "/".to_owned()] {
            let request = format!("GET {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
            let shown = running.exchange(request);
            assert_eq!(status(&shown), "421 Misdirected Request", "{lines}");
            assert!(!shown.contains(prefix));
        }
    }
    assert_eq!(upstream.received().len(), asked);
}

#[test]
fn a_path_without_the_prefix_learns_nothing() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let running = Running::start(&emulator, &upstream.url, &[]);
    let prefix = running.prefix();
    let encoded = format!("%{:02x}{}", prefix.as_bytes()[0], &prefix[1..]);
    let without_date = |text: String| {
        let lines: Vec<_> =
            text.lines().filter(|line| !line.starts_with("date:")).map(str::to_owned).collect();
        lines.join("\n")
    };
    let ask = |line: &str| {
        let host = running.address();
        running.exchange(format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    };
    let nothing = without_date(ask("GET /"));
    assert_eq!(status(&nothing), "404 Not Found");
    assert!(nothing.ends_with("cg-auth proxy: not found"), "{nothing}");
    for path in [
        "/_cg-auth/ready".to_owned(),
        format!("/{}", &prefix[..31]),
        format!("/{prefix}0/"),
        format!("/{}/", prefix.to_uppercase()),
        format!("//{prefix}/"),
        format!("/x/../{prefix}/"),
        format!("/./{prefix}/"),
        format!("/{prefix}%2f"),
        format!("/{prefix}\\x"),
        format!("/{prefix};x/"),
        format!("/{encoded}/"),
        format!("/?/{prefix}/"),
    ] {
        if path == format!("/{}/", prefix.to_uppercase()) && prefix.to_uppercase() == prefix {
            continue;
        }
        assert_eq!(without_date(ask(&format!("GET {path}"))), nothing, "{path}");
    }
    for line in ["POST /x", "OPTIONS *", "TRACE /", "BREW /pot"] {
        assert_eq!(status(&ask(line)), "404 Not Found", "{line}");
    }
    assert!(upstream.received().is_empty());
}

#[test]
fn dot_segments_upgrades_and_other_targets_are_refused() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let running = Running::start(&emulator, &upstream.url, &[]);
    let (prefix, host) = (running.prefix(), running.address());
    for (line, headers, expected) in [
        (format!("GET /{prefix}/../x"), "", "400 Bad Request"),
        (format!("GET /{prefix}/a/%2e%2E/x"), "", "400 Bad Request"),
        (format!("GET /{prefix}/..%2fx"), "", "400 Bad Request"),
        (format!("GET /{prefix}/a\\..\\x"), "", "400 Bad Request"),
        (format!("GET /{prefix}/%252e%252e/x"), "", "400 Bad Request"),
        (format!("GET /{prefix}/.."), "", "400 Bad Request"),
        (format!("GET http://{host}/{prefix}/x"), "", "400 Bad Request"),
        (format!("GET http://evil.example/{prefix}/x"), "", "400 Bad Request"),
        (format!("CONNECT {host}"), "", "405 Method Not Allowed"),
        ("CONNECT evil.example:443".to_owned(), "", "405 Method Not Allowed"),
        (format!("TRACE /{prefix}/x"), "", "405 Method Not Allowed"),
        (format!("GET /{prefix}/x"), "Upgrade: websocket\r\nConnection: upgrade\r\n", "400 Bad Request"),
        (
            format!("GET /{prefix}/x"),
            "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
            "400 Bad Request",
        ),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n");
        let shown = running.exchange(request);
        assert_eq!(status(&shown), expected, "{line} {headers}");
        assert!(shown.contains("cg-auth proxy: ") && !shown.contains(prefix), "{shown}");
    }
    assert!(upstream.received().is_empty());
}

#[test]
fn a_message_with_two_readings_reaches_the_upstream_with_one_or_not_at_all() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let running = Running::start(&emulator, &upstream.url, &[]);
    let (prefix, host) = (running.prefix(), running.address());
    let post = |headers: &str, body: &str| {
        let head = format!("POST /{prefix}/x HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
        running.exchange(format!("{head}{body}"))
    };
    let smuggled = format!("GET /{prefix}/smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n");
    for (headers, body) in [
        ("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"),
        ("Content-Length: 5, 6\r\n", "hello!"),
        ("Content-Length: +5\r\n", "hello"),
        ("Content-Length: -1\r\n", ""),
        ("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"),
        ("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        ("X-Folded: a\r\n Transfer-Encoding: chunked\r\n", ""),
        ("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
        ("X-Nul: a\0b\r\n", ""),
        ("X-Cr: a\rb\r\n", ""),
    ] {
        let shown = post(headers, body);
        assert_eq!(status(&shown), "400 Bad Request", "{headers:?}");
    }
    assert!(upstream.received().is_empty());
    // The chunks count (RFC 9112 section 6.3), and the connection ends behind them.
    for headers in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    ] {
        let shown = post(headers, &format!("2\r\nok\r\n0\r\n\r\n{smuggled}"));
        assert_eq!(status(&shown), "200 OK", "{headers}");
        assert_eq!(shown.matches("HTTP/1.1 ").count(), 1, "{shown}");
        let received = upstream.received();
        let last = received.last().unwrap();
        assert_eq!((last.line.as_str(), last.body.as_slice()), ("POST /x HTTP/1.1", &b"ok"[..]));
        assert!(last.all("content-length").is_empty() || last.all("transfer-encoding").is_empty());
    }
    // A named header cannot hide the length or the host from the upstream.
    let shown = post("Connection: close, content-length, host\r\nContent-Length: 2\r\n", "ok");
    assert_eq!(status(&shown), "200 OK");
    let received = upstream.received();
    let last = received.last().unwrap();
    assert_eq!((last.body.as_slice(), last.all("host").len()), (&b"ok"[..], 1), "{last:?}");
    assert!(!upstream.received().iter().any(|request| request.line.contains("smuggled")));
}

#[test]
fn a_malformed_body_is_the_fault_of_the_client() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let running = Running::start(&emulator, &upstream.url, &[]);
    for body in ["-3\r\nabc\r\n", "fffffffffffffffff\r\nabc", "3\r\nabcdef\r\n", "3;a=\"\r\n\"\r\nabc\r\n"] {
        let shown = running.ask("POST", "/x", "Transfer-Encoding: chunked\r\n", body);
        assert_eq!(status(&shown), "400 Bad Request", "{body:?}: {shown}");
        assert!(shown.contains("the body of the request is malformed or not complete"), "{shown}");
    }
    let mut client = running.connect();
    let head = format!("POST /{}/x HTTP/1.1\r\nHost: {}\r\n", running.prefix(), running.address());
    client.write_all(format!("{head}Content-Length: 30\r\n\r\nabc").as_bytes()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut shown = String::new();
    client.read_to_string(&mut shown).unwrap();
    assert_eq!(status(&shown), "400 Bad Request", "{shown}");
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let running = Running::start(&emulator, &upstream.url, &[]);
    let long = format!("X-Long: {}\r\n", "x".repeat(100_000));
    let many = "X-Many: y\r\n".repeat(1000);
    for headers in [long, many] {
        let shown = running.ask("GET", "/", &headers, "");
        assert!(shown.is_empty() || shown.starts_with("HTTP/1.1 431"), "{shown}");
    }
    let path = format!("/{}", "x".repeat(100_000));
    let shown = running.ask("GET", &path, "", "");
    assert!(shown.is_empty() || shown.starts_with("HTTP/1.1 4"), "{shown}");
    assert!(upstream.received().is_empty());
    assert_eq!(status(&running.ask("GET", "/", "", "")), "200 OK", "the proxy goes on");
}

#[test]
fn http_2_is_judged_by_the_same_rules() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let running = Running::start(&emulator, &upstream.url, &[]);
    let ask = |arguments: &[&str], path: &str| {
        let mut command = Command::new("curl");
        command.args([
            "-sS",
            "--http2-prior-knowledge",
            "--path-as-is",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
        ]);
        let url = format!("http://{}{path}", running.address());
        let output = command.args(arguments).arg(url).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let prefix = running.prefix();
    assert_eq!(ask(&[], &format!("/{prefix}/x")), "200");
    assert_eq!(ask(&["-H", "Host: evil.example"], &format!("/{prefix}/x")), "421");
    assert_eq!(ask(&[], "/x"), "404");
    assert_eq!(ask(&[], &format!("/{prefix}/%2e%2e/x")), "400");
    assert_eq!(ask(&["-X", "TRACE"], &format!("/{prefix}/x")), "405");
    assert_eq!(upstream.received().len(), 1);
}

#[test]
fn slow_and_idle_clients_do_not_keep_others_out() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let running = Running::start(&emulator, &upstream.url, &[]);
    let _idle: Vec<_> = (0..100)
        .map(|number| {
            let mut stream = running.connect();
            if number % 2 == 0 {
                stream.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
            }
            stream
        })
        .collect();
    assert_eq!(status(&running.ask("GET", "/", "", "")), "200 OK");
    // Garbage ends its own connection only.
    let mut garbage = running.connect();
    garbage.write_all(&[0x16, 3, 1, 0, 0, 0, 0]).unwrap();
    let _ = garbage.read(&mut [0; 64]);
    assert_eq!(status(&running.ask("GET", "/", "", "")), "200 OK");
}

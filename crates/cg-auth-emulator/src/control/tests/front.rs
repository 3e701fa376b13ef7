//! The control token, the base path and CORS, over sockets.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::*;
use crate::{EmulatorError, HeaderValues};

#[test]
fn the_control_token_opens_the_control_api_beyond_loopback() {
    let Some(ip) = own_address() else {
        eprintln!("skipped: this machine has no address but loopback");
        return;
    };
    let token = cg_auth_core::ClientSecret::new("t0ken-of-the-test").unwrap();
    for set in [false, true] {
        let mut builder = Emulator::builder().listen((ip, 0).into());
        if set {
            builder = builder.control_token(token.clone());
        }
        let emulator = builder.start_blocking().unwrap();
        let status = |header: &str| {
            status(
                emulator.address(),
                &format!("GET /_emulator/health HTTP/1.1\r\nhost: a.container:1\r\n{header}"),
            )
        };
        let right = "authorization: Bearer t0ken-of-the-test\r\n";
        assert_eq!(status(right), if set { 200 } else { 403 });
        assert_eq!(status("authorization: Bearer other\r\n"), if set { 401 } else { 403 });
        assert_eq!(status(""), if set { 401 } else { 403 });
        assert_eq!(raw_http::delegate(emulator.address(), emulator.credential()).0, 200);
        assert!(!format!("{emulator:?}").contains("t0ken-of-the-test"));
    }
}

#[test]
fn the_service_lies_below_the_base_path_and_the_control_api_does_not() {
    let emulator = Emulator::builder().base_path("/governance/").start_blocking().unwrap();
    assert_eq!(emulator.base_url().to_string(), format!("http://{}/governance", emulator.address()));
    assert!(emulator.protected_url().ends_with("/governance/me"));
    for (line, status) in [
        ("GET /governance/me", 401),
        ("GET /me", 404),
        ("GET /governance", 404),
        ("GET /governanceme", 404),
        ("GET /governance/_emulator/health", 404),
        ("GET /_emulator/health", 200),
        ("GET /governance/auth/token/delegate", 405),
    ] {
        assert_eq!(ask(&emulator, line, "").0, status, "{line}");
    }
    let recorded = &emulator.requests()[0];
    assert_eq!(
        (recorded.path(), recorded.operation()),
        ("/governance/me", crate::Operation::ProtectedResource)
    );
    assert_eq!(emulator.requests()[1].operation(), crate::Operation::Other);
    let error = Emulator::builder().base_path("governance").start_blocking().unwrap_err();
    assert!(matches!(error, EmulatorError::BasePath), "{error}");
}

#[test]
fn pages_may_call_the_service_by_opt_in_and_never_the_control_api() {
    for cors in [false, true] {
        let emulator = Emulator::builder().cors(cors).start_blocking().unwrap();
        let send = |head: &str| {
            let request = format!(
                "{head}\r\nhost: localhost\r\norigin: http://page.example\r\nconnection: close\r\n\r\n"
            );
            raw_http::exchange(emulator.address(), &request).to_ascii_lowercase()
        };
        let ask = "\r\naccess-control-request-method: POST";
        let preflight = send(&format!("OPTIONS /auth/token/delegate HTTP/1.1{ask}"));
        assert_eq!(preflight.starts_with("http/1.1 204"), cors, "{preflight}");
        assert_eq!(
            preflight.contains("access-control-allow-headers: accept, authorization, clientsecret,"),
            cors
        );
        assert_eq!(send("GET /me HTTP/1.1").contains("access-control-allow-origin: *"), cors);
        assert_eq!(emulator.requests().len(), if cors { 1 } else { 2 });
        for line in ["GET", "OPTIONS"] {
            let answer = send(&format!("{line} /_emulator/health HTTP/1.1{ask}"));
            assert!(answer.starts_with("http/1.1 403") && !answer.contains("access-control"), "{answer}");
        }
    }
}

#[test]
fn the_log_shows_header_values_by_opt_in() {
    for (values, shown) in [
        (HeaderValues::Safe, ["(redacted, 1 bytes)", "(redacted, 8 bytes)"]),
        (HeaderValues::AllButSecrets, ["v", "(redacted, 8 bytes)"]),
        (HeaderValues::All, ["v", "Bearer t"]),
    ] {
        let emulator = Emulator::builder().header_values(values).start_blocking().unwrap();
        ask(&emulator, "GET /me HTTP/1.1\r\nx-a: v\r\nauthorization: Bearer t\r\nx-rest:", "");
        let request = emulator.requests().remove(0);
        assert_eq!([request.header("x-a"), request.header("authorization")], shown.map(Some));
    }
}

#[test]
fn a_request_has_at_most_200_headers() {
    let emulator = Emulator::start_blocking().unwrap();
    for (count, expected) in [(200, 200), (201, 431)] {
        let more: String = (2..count).map(|n| format!("x-{n}: v\r\n")).collect();
        let head = format!("GET /_emulator/health HTTP/1.1\r\nhost: localhost\r\n{more}");
        assert_eq!(status(emulator.address(), &head), expected, "{count}");
    }
}

fn status(address: SocketAddr, head: &str) -> u16 {
    let answer = raw_http::exchange(address, &format!("{head}connection: close\r\n\r\n"));
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// An address of this machine that is not loopback. Connecting a UDP socket sends nothing.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket
        .local_addr()
        .ok()
        .map(|address| address.ip())
        .filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

//! Two runs with the same seed and a frozen clock, byte for byte.

use std::time::{Duration, UNIX_EPOCH};

use super::{super::table::ROUTES, *};
use crate::Part;

#[test]
fn with_a_seed_and_a_frozen_clock_two_starts_and_a_reset_give_the_same_bytes() {
    let start = |seed| {
        let at = UNIX_EPOCH + Duration::from_secs(1_900_000_000);
        Emulator::builder().seed(seed).now(at).frozen(true).start_blocking().unwrap()
    };
    let (first, second, other) = (start(7), start(7), start(8));
    let run = transcript(&first);
    assert!(run.contains("requestId") && run.contains("date: ") && run.contains("access_token"), "{run}");
    assert_eq!(transcript(&second), run);
    assert_ne!(transcript(&other), run);
    first.reset();
    assert_eq!(transcript(&first), run);
    assert_ne!(transcript(&first), run, "only a reset rewinds");
    ask(&second, "POST /_emulator/reset", "");
    assert_eq!(transcript(&second), run);
    for part in Part::ALL {
        second.reset_part(*part);
    }
    assert_eq!(transcript(&second), run, "each part together is everything");
    assert_eq!(first.digest("x"), second.digest("x"));
    assert_ne!(first.digest("x"), other.digest("x"));
}

/// Every byte of the answers to a run with tokens, refusals, scripts, faults and changes of users, settings and
/// time, and then of every route that shows something.
fn transcript(emulator: &Emulator) -> String {
    let mut all = String::new();
    let mut send = |line: &str, headers: &str, body: &str| {
        let head = format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        let answer = raw_http::exchange(emulator.address(), &format!("{head}{headers}\r\n{body}"));
        all.push_str(&answer);
        answer
    };
    for script in [
        r#"{"operation":"other","always":true,"probability":0.5,"refuse":{"status":503}}"#,
        r#"{"operation":"protected_resource","fault":{"name":"reset_in_body","bytes":30}}"#,
        r#"{"operation":"get_delegate_access_token","when":"after","delay_seconds":0.01}"#,
    ] {
        send("POST /_emulator/scripts", "", script);
    }
    for user in [0, 1] {
        let credential = emulator.user(user).unwrap();
        let (name, secret) = (credential.user_principal_name(), credential.client_secret().expose_secret());
        let key = format!("clientSecret: {secret}\r\nuserPrincipalName: {name}\r\n");
        let body = format!(r#"{{"clientSecret":"{secret}","userPrincipalName":"{name}"}}"#);
        let issued = send("POST /auth/token/delegate", &key, &body);
        let issued: serde_json::Value =
            serde_json::from_str(issued.split_once("\r\n\r\n").unwrap().1).unwrap();
        let token = |name: &str| issued["value"][name].as_str().unwrap().to_owned();
        for _ in 0..2 {
            send(
                "POST /auth/token/refresh",
                &format!("{key}refresh_token: {}\r\n", token("refresh_token")),
                "",
            );
        }
        send("GET /me", &format!("authorization: Bearer {}\r\n", token("access_token")), "");
        send("DELETE /admin/auth/token/cache", &key, &body);
        send("POST /_emulator/clock", "", r#"{"advance_seconds":10}"#);
        send("PATCH /_emulator/settings", "", r#"{"token_lifetime_seconds":77}"#);
        send("PATCH /_emulator/users/plain@example.com", "", r#"{"administrator":true}"#);
        send("POST /_emulator/revoke", "", r#"{"user":"someone@example.com"}"#);
        for _ in 0..8 {
            send("GET /nowhere", "", "");
        }
    }
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        send(&format!("GET {}", route.path), "", "");
    }
    all
}

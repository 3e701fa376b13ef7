//! What a script's moment means for a refresh token, in Rust and over the control API.

use serde_json::{Value, json};

use super::*;
use crate::{ConnectionEnd, Fault, NamedFault, Point, Script, When};

#[test]
fn before_the_service_acts_a_refresh_token_is_not_used_up_and_after_it_is() {
    for when in [When::Before, When::After] {
        for disturb in [
            |script: ScriptBuilder| script.drop_connection(),
            |script: ScriptBuilder| script.refuse(503),
            |script: ScriptBuilder| script.answer(504, ""),
            |script: ScriptBuilder| {
                script.fault(Fault::End { at: Point::Body(5), how: ConnectionEnd::Reset })
            },
            |script: ScriptBuilder| script.fault(Fault::ResetStream { code: 2, after_body_bytes: None }),
        ] {
            let emulator = Emulator::builder().reuse_detection(true).start_blocking().unwrap();
            let token = issue(&emulator);
            let script = disturb(emulator.next(Operation::RefreshUserAccessToken).when(when));
            assert!(refresh(&emulator, &token).0 != 200 || matches!(when, When::Before));
            assert_eq!(script.hits(), 1);
            let (status, again) = refresh(&emulator, &token);
            if when == When::Before {
                assert_eq!(status, 200);
            } else {
                assert_eq!((status, &again["code"]), (400, &json!("InvalidRefreshToken")));
            }
        }
    }
}

#[test]
fn a_delay_after_the_service_has_acted_rotates_the_token_though_the_client_gives_up() {
    for (when, status) in [(When::Before, 200), (When::After, 400)] {
        let emulator = Emulator::start_blocking().unwrap();
        let token = issue(&emulator);
        let _late = emulator.next(Operation::RefreshUserAccessToken).when(when).delay(LONG * 100);
        let mut stream = std::net::TcpStream::connect(emulator.address()).unwrap();
        std::io::Write::write_all(&mut stream, refresh_request(&emulator, &token).as_bytes()).unwrap();
        emulator.wait_for_blocking(Operation::RefreshUserAccessToken, 1, LONG).unwrap();
        // The request is in the log before its script is looked at, in the same step of the one thread.
        raw_http::ask(emulator.address(), "GET /x", "");
        drop(stream);
        assert_eq!(refresh(&emulator, &token).0, status, "{when:?}");
    }
}

#[test]
fn every_lost_answer_uses_the_refresh_token_up() {
    for fault in NamedFault::ALL.iter().filter(|it| it.name.contains("lost_answer")) {
        let emulator = Emulator::start_blocking().unwrap();
        let token = issue(&emulator);
        let script = json!({ "operation": "refresh_user_access_token", "fault": fault.name }).to_string();
        assert_eq!(raw_http::ask(emulator.address(), "POST /_emulator/scripts", &script).0, 201);
        if fault.name == "lost_answer_stall" {
            let mut stream = std::net::TcpStream::connect(emulator.address()).unwrap();
            std::io::Write::write_all(&mut stream, refresh_request(&emulator, &token).as_bytes()).unwrap();
            emulator.wait_for_blocking(Operation::RefreshUserAccessToken, 1, LONG).unwrap();
            raw_http::ask(emulator.address(), "GET /x", "");
        } else {
            assert_ne!(refresh(&emulator, &token).0, 200, "{}", fault.name);
        }
        assert_eq!(refresh(&emulator, &token).1["code"], "InvalidRefreshToken", "{}", fault.name);
    }
}

#[test]
fn a_fault_disturbs_the_answer_of_its_script() {
    let emulator = Emulator::start_blocking().unwrap();
    let _script = emulator
        .next(Operation::Other)
        .with_fault(Fault::End { at: Point::Body(3), how: ConnectionEnd::Close })
        .retry_after(Duration::from_secs(7))
        .answer(503, "abcdef");
    let answer = raw_http::exchange(emulator.address(), "GET /x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("\r\n\r\nabc"), "{answer}");
    assert!(answer.contains("retry-after: 7\r\n") && answer.contains("content-length: 6\r\n"), "{answer}");
    assert_eq!(emulator.requests()[0].status().unwrap(), 503);
}

#[test]
fn a_script_of_the_builder_is_active_from_the_start_and_after_a_reset() {
    let script = r#"{"operation":"protected_resource","answer":{"status":418}}"#;
    let emulator = Emulator::builder().script(script.parse().unwrap()).start_blocking().unwrap();
    let ask = || raw_http::ask(emulator.address(), "GET /me", "").0;
    assert_eq!([ask(), ask()], [418, 401]);
    emulator.reset();
    assert_eq!([ask(), ask()], [418, 401]);
}

#[test]
fn a_fault_that_can_never_apply_is_refused() {
    let cut = Script::from_json(r#"{"operation":"other","fault":"tls_cut_in_body"}"#).unwrap();
    let goaway = Script::from_json(r#"{"operation":"other","fault":"goaway"}"#).unwrap();
    let plain = Emulator::builder();
    let http1 = Emulator::builder().tls().alpn(crate::Alpn::Http1);
    for (builder, script, applies) in
        [(&plain, &cut, false), (&http1, &cut, true), (&plain, &goaway, true), (&http1, &goaway, false)]
    {
        let started = builder.clone().script(script.clone()).start_blocking();
        assert_eq!(started.is_ok(), applies, "{script:?}");
        let emulator = builder.clone().start_blocking().unwrap();
        assert_eq!(emulator.add_script(script.clone()).is_ok(), applies);
    }
    let error = plain.script(cut).start_blocking().unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("serves without TLS"));
}

#[test]
#[should_panic(expected = "a stall after the whole answer disturbs nothing")]
fn a_fault_that_disturbs_nothing_panics() {
    drop(SHARED.next(Operation::Other).fault(Fault::Stall { at: Point::Complete }));
}

#[test]
fn scripts_choose_their_requests_by_user_and_header() {
    let user = |name: &str| {
        let name = UserPrincipalName::new(name).unwrap();
        User::new(ApiCredential::new(ClientSecret::new("one").unwrap(), name))
    };
    let builder = Emulator::builder().user(user("a@x.example")).user(user("b@x.example"));
    let emulator = builder.start_blocking().unwrap();
    let operation = Operation::GetDelegateAccessToken;
    let _script = emulator.next(operation).always().for_user("B@X.example").refuse(503);
    let ask = |n| raw_http::delegate(emulator.address(), emulator.user(n).unwrap()).0;
    assert_eq!([ask(0), ask(1), ask(0), ask(1)], [200, 503, 200, 503]);

    let script = json!({
        "operation": "other", "always": true, "match": { "headers": { "x-a": "s3cret" } },
        "answer": { "status": 418, "headers": [["x-b", "1"], ["x-b", "2"]], "body_base64": "AGE=" },
    });
    assert_eq!(raw_http::ask(emulator.address(), "POST /_emulator/scripts", &script.to_string()).0, 201);
    let status = |header: &str| {
        let request = format!("GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{header}\r\n");
        raw_http::exchange(emulator.address(), &request)
    };
    assert!(status("x-a: other\r\n").starts_with("HTTP/1.1 404"));
    let answer = status("X-A: s3cret\r\n");
    assert!(answer.contains("x-b: 1\r\n") && answer.contains("x-b: 2\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n\0a"), "{answer}");
    let list = raw_http::ask(emulator.address(), "GET /_emulator/scripts", "").1;
    assert_eq!(list["scripts"][1]["headers"], json!(["x-a"]));
    assert_eq!(
        (&list["scripts"][0]["user"], &list["scripts"][0]["remaining"]),
        (&json!("B@X.example"), &Value::Null)
    );
    assert!(!format!("{list} {emulator:?}").contains("s3cret"));
}

#[test]
fn retry_after_can_be_a_date_by_the_emulators_clock() {
    let clock = cg_auth_core::testing::ManualClock::new();
    let emulator = Emulator::builder().clock(clock.clone()).start_blocking().unwrap();
    let _rust = emulator.next(Operation::Other).retry_after_date(Duration::from_secs(5)).refuse(503);
    let script = r#"{"operation":"other","fault":"unavailable_until","refuse":{"retry_after_seconds":60}}"#;
    raw_http::ask(emulator.address(), "POST /_emulator/scripts", script);
    // The value counts from the answer, not from the script.
    clock.advance(Duration::from_secs(10));
    for date in ["Tue, 01 Jan 2030 00:00:15 GMT", "Tue, 01 Jan 2030 00:01:10 GMT"] {
        let answer = raw_http::exchange(emulator.address(), "GET /x HTTP/1.1\r\nconnection: close\r\n\r\n");
        assert!(answer.contains(&format!("retry-after: {date}\r\n")), "{answer}");
    }
}

fn issue(emulator: &Emulator) -> String {
    delegate(emulator).1["value"]["refresh_token"].as_str().unwrap().to_owned()
}

fn refresh(emulator: &Emulator, token: &str) -> (u16, Value) {
    let answer = raw_http::exchange(emulator.address(), &refresh_request(emulator, token));
    let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    // Part of an answer is none.
    serde_json::from_str(body)
        .map_or((if body.is_empty() { status } else { 0 }, Value::Null), |body| (status, body))
}

fn refresh_request(emulator: &Emulator, token: &str) -> String {
    let credential = emulator.credential();
    let (name, secret) = (credential.user_principal_name(), credential.client_secret().expose_secret());
    format!(
        "POST /auth/token/refresh HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\
         clientSecret: {secret}\r\nuserPrincipalName: {name}\r\nrefresh_token: {token}\r\n\r\n"
    )
}

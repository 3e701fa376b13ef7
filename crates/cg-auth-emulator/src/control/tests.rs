//! The control API over HTTP, as a program in any language uses it.

use cg_auth_core::body::Body;
use http::StatusCode;
use proptest::prelude::*;
use serde_json::json;

use super::answer;
use crate::{Emulator, http::raw_http, scripts::MAX_SCRIPTS};

#[test]
fn a_whole_scenario_runs_over_http_alone() {
    let emulator = Emulator::start_blocking().unwrap();
    let (status, health) = ask(&emulator, "GET /_emulator/health", "");
    assert_eq!((status, &health["status"]), (200, &json!("ok")));

    let script = r#"{"operation":"get_delegate_access_token","times":1,
        "refuse":{"status":429,"retry_after_seconds":7}}"#;
    let (status, added) = ask(&emulator, "POST /_emulator/scripts", script);
    assert_eq!((status, &added["id"]), (201, &json!(1)));
    let answer = r#"{"operation":"other","answer":{"status":200,"headers":{"x-a":"b"},"body":{"c":1}}}"#;
    assert_eq!(ask(&emulator, "POST /_emulator/scripts", answer).0, 201);
    let (_, list) = ask(&emulator, "GET /_emulator/scripts", "");
    assert_eq!(list["scripts"][0]["ending"], "refuse");
    assert_eq!(list["scripts"][1]["status"], 200);

    let (status, refused) = delegate(&emulator);
    assert_eq!((status, &refused["code"]), (429, &json!("Scripted")));
    assert_eq!(ask(&emulator, "GET /groups", "").1, json!({ "c": 1 }));
    let (status, issued) = delegate(&emulator);
    assert_eq!(status, 200);

    let (status, clock) = ask(&emulator, "POST /_emulator/clock", r#"{"advance_seconds":3600}"#);
    assert_eq!(status, 200);
    let (_, shown) = ask(&emulator, "GET /_emulator/clock", "");
    assert!(shown["now_epoch"].as_u64() >= clock["now_epoch"].as_u64());
    let (_, reissued) = delegate(&emulator);
    assert_ne!(reissued["value"]["access_token"], issued["value"]["access_token"]);

    let (_, requests) = ask(&emulator, "GET /_emulator/requests", "");
    assert_eq!(requests["counts"]["get_delegate_access_token"], 3);
    assert_eq!(requests["requests"][0]["status"], 429);
    assert_eq!(requests["requests"][0]["headers"][3], json!(["clientsecret", "(redacted, 28 bytes)"]));
    assert_eq!(requests["requests"].as_array().unwrap().len(), 4);
    assert_eq!(ask(&emulator, "DELETE /_emulator/requests", "").0, 204);
    assert!(emulator.requests().is_empty());

    let drop = r#"{"operation":"protected_resource","times":9,"drop_connection":true}"#;
    let (_, added) = ask(&emulator, "POST /_emulator/scripts", drop);
    assert_eq!(ask(&emulator, "GET /me", "").0, 0);
    assert_eq!(ask(&emulator, &format!("DELETE /_emulator/scripts/{}", added["id"]), "").0, 204);
    assert_eq!(ask(&emulator, "GET /me", "").0, 401);
    ask(&emulator, "POST /_emulator/scripts", drop);
    assert_eq!(ask(&emulator, "DELETE /_emulator/scripts", "").0, 204);
    assert_eq!(ask(&emulator, "GET /me", "").0, 401);
    let late = r#"{"operation":"protected_resource","delay_seconds":0.05}"#;
    ask(&emulator, "POST /_emulator/scripts", late);
    assert_eq!(ask(&emulator, "GET /me", "").0, 401);

    assert_eq!(ask(&emulator, "POST /_emulator/reset", "").0, 204);
    assert_eq!(ask(&emulator, "GET /_emulator/requests", "").1["requests"], json!([]));
}

#[test]
fn an_invalid_control_request_is_refused_and_never_quoted() {
    let emulator = Emulator::start_blocking().unwrap();
    let post = "POST /_emulator/scripts";
    let two_endings = r#"{"operation":"other","answer":{"status":200},"drop_connection":true}"#;
    let bad_name = r#"{"operation":"other","answer":{"status":200,"headers":{"s3 cret":""}}}"#;
    let framing = r#"{"operation":"other","answer":{"status":200,"headers":{"content-length":"9"}}}"#;
    let long = format!(r#"{{"operation":"{}"}}"#, "s3cret".repeat(20_000));
    for (line, body, status, code) in [
        ("GET /_emulator//", "", 404, "NotFound"),
        ("GET /_emulator/health/", "", 404, "NotFound"),
        ("POST /_emulator", "", 405, "MethodNotAllowed"),
        ("POST /_emulator/reset/s3cret", "", 404, "NotFound"),
        ("GET /_emulator/reset/s3cret", "", 405, "MethodNotAllowed"),
        ("GET /_emulator/health?s3cret=1", "", 400, "InvalidRequest"),
        ("GET /_emulator/requests?s3cret=1", "", 400, "InvalidRequest"),
        ("GET /_emulator/requests?operation=s3cret", "", 400, "InvalidRequest"),
        ("GET /_emulator/requests?limit=1&limit=1", "", 400, "InvalidRequest"),
        ("GET /_emulator/requests?since=s3cret", "", 400, "InvalidRequest"),
        ("GET /_emulator/requests/wait?within=301", "", 400, "InvalidRequest"),
        ("GET /_emulator/requests/wait?within=nan", "", 400, "InvalidRequest"),
        ("GET /_emulator/requests/wait?within=-1", "", 400, "InvalidRequest"),
        ("GET /_emulator/requests/wait?count=s3cret", "", 400, "InvalidRequest"),
        ("GET /_emulator/requests/wait?within=0&user=s3cret", "", 504, "WaitTimedOut"),
        ("POST /_emulator/users", "{}", 400, "InvalidRequest"),
        ("POST /_emulator/users", r#"{"user_principal_name":"u@x"}"#, 400, "InvalidRequest"),
        (
            "POST /_emulator/users",
            r#"{"user_principal_name":"s3 cret","client_secret":"s"}"#,
            400,
            "InvalidRequest",
        ),
        (
            "POST /_emulator/users",
            r#"{"user_principal_name":"SomeOne@example.com","client_secret":"s3cret"}"#,
            409,
            "UserExists",
        ),
        ("PATCH /_emulator/users/s3cret", r#"{"enabled":true}"#, 404, "UnknownUser"),
        ("PATCH /_emulator/users/s3cret", "{}", 400, "InvalidRequest"),
        (
            "PATCH /_emulator/users/plain@example.com",
            r#"{"client_secret":"s3 cret\u0000"}"#,
            400,
            "InvalidRequest",
        ),
        ("PATCH /_emulator/users/plain@example.com", r#"{"enabled":"s3cret"}"#, 400, "InvalidRequest"),
        ("PATCH /_emulator/users/plain@example.com", r#"{"s3cret":1}"#, 400, "InvalidRequest"),
        (
            "PATCH /_emulator/users/plain@example.com",
            r#"{"enabled":true,"enabled":false}"#,
            400,
            "InvalidRequest",
        ),
        ("DELETE /_emulator/users/s3cret", "", 404, "UnknownUser"),
        ("DELETE /_emulator/users/%ff", "", 404, "NotFound"),
        ("PATCH /_emulator/settings", r#"{"token_lifetime_seconds":0}"#, 400, "InvalidRequest"),
        ("PATCH /_emulator/settings", r#"{"token_lifetime_seconds":1.5}"#, 400, "InvalidRequest"),
        ("PATCH /_emulator/settings", r#"{"refusals":"s3cret"}"#, 400, "InvalidRequest"),
        ("PATCH /_emulator/settings", r#"{"token_cache":null}"#, 400, "InvalidRequest"),
        ("PATCH /_emulator/settings", r#"["s3cret"]"#, 400, "InvalidRequest"),
        ("POST /_emulator/state", "", 405, "MethodNotAllowed"),
        ("POST /_emulator/revoke", "{}", 400, "InvalidRequest"),
        ("POST /_emulator/revoke", r#"{"all":false}"#, 400, "InvalidRequest"),
        ("POST /_emulator/revoke", r#"{"all":true,"user":"s3cret"}"#, 400, "InvalidRequest"),
        ("POST /_emulator/revoke", r#"{"token":"s3cret"}"#, 404, "NotFound"),
        ("POST /_emulator/revoke", r#"{"user":"s3cret"}"#, 404, "UnknownUser"),
        ("POST /_emulator/clock", r#"{"set":"s3cret"}"#, 400, "InvalidRequest"),
        ("POST /_emulator/clock", r#"{"set":-1}"#, 400, "InvalidRequest"),
        ("POST /_emulator/clock", r#"{"set":1,"advance_seconds":1}"#, 400, "InvalidRequest"),
        ("POST /_emulator/clock", r#"{"set":253402300800}"#, 400, "BeyondCalendar"),
        ("POST /_emulator/clock", r#"{"set":1e18}"#, 400, "BeyondCalendar"),
        ("POST /_emulator/clock", r#"{"advance_seconds":253402300800,"frozen":true}"#, 400, "BeyondCalendar"),
        ("GET /_emulator/nothing", "", 404, "NotFound"),
        ("DELETE /_emulator/scripts/7", "", 404, "NotFound"),
        ("DELETE /_emulator/scripts/x", "", 404, "NotFound"),
        ("POST /_emulator/health", "", 405, "MethodNotAllowed"),
        ("GET /_emulator/reset", "", 405, "MethodNotAllowed"),
        ("DELETE /_emulator/clock", "", 405, "MethodNotAllowed"),
        ("POST /_emulator/requests", "", 405, "MethodNotAllowed"),
        ("PUT /_emulator/scripts", "", 405, "MethodNotAllowed"),
        ("POST /_emulator/scripts/7", "", 405, "MethodNotAllowed"),
        ("GET /_emulator/scripts/7", "", 404, "NotFound"),
        ("GET /_emulator/scripts/s3cret", "", 404, "NotFound"),
        ("POST /_emulator/reset", r#"{"s3cret":1}"#, 400, "InvalidRequest"),
        ("DELETE /_emulator/scripts", "s3cret", 400, "InvalidRequest"),
        ("GET /_emulator/health", "[]", 400, "InvalidRequest"),
        ("POST /_emulator/clock", "", 400, "InvalidRequest"),
        ("POST /_emulator/clock", "{}", 400, "InvalidRequest"),
        ("POST /_emulator/clock", r#"{"advance_seconds":-1}"#, 400, "InvalidRequest"),
        ("POST /_emulator/clock", r#"{"advance_seconds":1e300}"#, 400, "InvalidRequest"),
        ("POST /_emulator/clock", r#"{"advance_seconds":"s3cret"}"#, 400, "InvalidRequest"),
        (post, r#"{"s3cret":1}"#, 400, "InvalidRequest"),
        (post, r#"{"operation":"s3cret"}"#, 400, "InvalidRequest"),
        (post, r#"{"operation":"other","answer":{"status":99}}"#, 400, "InvalidRequest"),
        (post, r#"{"operation":"other","answer":{"status":101}}"#, 400, "InvalidRequest"),
        (post, two_endings, 400, "InvalidRequest"),
        (post, bad_name, 400, "InvalidRequest"),
        (post, framing, 400, "InvalidRequest"),
        (post, r#"{"operation":"other","delay_seconds":-1}"#, 400, "InvalidRequest"),
        (post, &long, 413, "RequestTooLarge"),
    ] {
        let (answered, error) = ask(&emulator, line, body);
        assert_eq!((answered, &error["error"]["code"]), (status, &json!(code)), "{line} {error}");
        assert!(error["error"]["message"].as_str().is_some_and(|text| !text.is_empty() && text.len() < 250));
        assert!(!error.to_string().contains("s3"), "{error}");
    }
    assert!(emulator.requests().is_empty(), "the log must not hold control requests");
    assert!(!emulator.clock().is_frozen(), "a refused change must change nothing");
}

mod clock;
mod errors;
mod examples;
mod front;
mod hostile;
mod index;
mod inputs;
mod json_schema;
mod openapi;
mod parity;
mod requests;
mod settings;
mod transcript;
mod users;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_control_request_gets_a_2xx_or_a_4xx(
        method in "GET|HEAD|PATCH|POST|DELETE|PUT|[A-Z]{1,9}",
        path in "(clock|scripts|requests|revoke|users|reset|health|(scripts|reset|users|requests)[/?].{0,20}|.{0,20})",
        body in prop_oneof![
            any::<Vec<u8>>(),
            r#"\{"(operation|times|answer|refuse|advance_seconds|set|frozen|user|token)":("other"|-?[0-9]{1,20}|\{"status":[0-9]{1,5}\})\}"#
                .prop_map(String::into_bytes),
        ],
    ) {
        let state = Emulator::builder().state().unwrap();
        let request = http::Request::builder().method(&*method).uri(format!("/_emulator/{path}"));
        let Ok(request) = request.header("host", "localhost").body(()) else { return Ok(()) };
        let head = request.into_parts().0;
        let status = now(answer(&state, true, &head, Ok(body.into()))).status();
        prop_assert!(status.is_success() || status.is_client_error(), "{status}");
    }
}

#[test]
fn scripts_added_over_http_are_bounded() {
    let emulator = Emulator::start_blocking().unwrap();
    for _ in 0..MAX_SCRIPTS {
        assert_eq!(
            ask(&emulator, "POST /_emulator/scripts", r#"{"operation":"other","delay_seconds":0}"#).0,
            201
        );
    }
    let (status, error) =
        ask(&emulator, "POST /_emulator/scripts", r#"{"operation":"other","delay_seconds":0}"#);
    assert_eq!((status, &error["error"]["code"]), (409, &json!("TooManyScripts")));
}

#[test]
fn control_requests_from_beyond_loopback_are_refused() {
    let state = Emulator::builder().state().unwrap();
    let request = http::Request::post("/_emulator/reset").header("host", "127.0.0.1:1").body(()).unwrap();
    let head = request.into_parts().0;
    assert_eq!(now(answer(&state, false, &head, Ok(Body::empty()))).status(), StatusCode::FORBIDDEN);
    assert_eq!(now(answer(&state, true, &head, Ok(Body::empty()))).status(), StatusCode::NO_CONTENT);

    let emulator = Emulator::start_blocking().unwrap();
    for host in ["evil.example", "127.0.0.1.evil.example"] {
        let request = format!("POST /_emulator/reset HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        assert!(raw_http::exchange(emulator.address(), &request).starts_with("HTTP/1.1 403"));
    }
}

/// The output of a future that is ready at its first poll, as every route but the wait is.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

fn ask(emulator: &Emulator, line: &str, body: &str) -> (u16, serde_json::Value) {
    raw_http::ask(emulator.address(), line, body)
}

fn delegate(emulator: &Emulator) -> (u16, serde_json::Value) {
    raw_http::delegate(emulator.address(), emulator.credential())
}

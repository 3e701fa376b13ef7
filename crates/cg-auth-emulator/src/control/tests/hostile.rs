//! Hostile requests: each gets a clear answer, and the memory of the emulator stays bounded.

use std::{io::Write as _, net::TcpStream, time::Duration};

use super::{
    super::table::ROUTES,
    examples::{bodies, filled},
    *,
};
use crate::{Operation, scripts::MAX_ENDED};

#[test]
fn every_method_of_every_path_gets_a_typed_answer() {
    let emulator = Emulator::start_blocking().unwrap();
    for route in ROUTES {
        let own: Vec<_> = ROUTES.iter().filter(|it| it.path == route.path).map(|it| it.method).collect();
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE", "TRACE", "QUERY"] {
            let is_known = own.contains(&method) || method == "HEAD" && own.contains(&"GET");
            if is_known {
                continue;
            }
            let (status, error) = ask(&emulator, &format!("{method} {}", filled(route.path)), "");
            let expected = if method == "HEAD" { json!(null) } else { json!("MethodNotAllowed") };
            assert_eq!((status, &error["error"]["code"]), (405, &expected), "{method} {}", route.path);
        }
    }
    let answer = raw_http::exchange(
        emulator.address(),
        "CONNECT localhost:1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[test]
fn a_path_is_found_as_it_is_written_and_only_its_segment_is_decoded() {
    let emulator = Emulator::start_blocking().unwrap();
    for (line, status) in [
        ("GET /_emulator/%68ealth", 404),
        ("GET /%5Femulator/health", 404),
        ("GET /_emulator/../_emulator/health", 404),
        ("GET /_emulator/./health", 404),
        ("GET /_EMULATOR/health", 404),
        ("GET /_emulator/scripts/%31", 404),
        ("GET /_emulator/scripts/+1", 404),
        ("GET /_emulator/scripts/1/2", 404),
        ("GET /_emulator/scripts/-1", 404),
        ("GET /_emulator/scripts/18446744073709551616", 404),
        ("DELETE /_emulator/users/plain%40example.com%00", 404),
        ("DELETE /_emulator/users/plain%2540example.com", 404),
        ("DELETE /_emulator/users/%", 404),
        ("DELETE /_emulator/users/%E4", 404),
        ("POST /_emulator/reset/%63lock", 204),
        ("DELETE /_emulator/users/PLAIN%40example.com", 204),
    ] {
        let (answered, error) = ask(&emulator, line, "");
        assert_eq!(answered, status, "{line}");
        assert!(status == 204 || error["error"]["code"].is_string() || error["code"].is_string(), "{line}");
    }
}

#[test]
fn the_content_decides_and_not_its_declared_type() {
    let emulator = Emulator::start_blocking().unwrap();
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "\u{7f}",
    ] {
        let line = format!("POST /_emulator/digest HTTP/1.1\r\ncontent-type: {kind}\r\nx-rest:");
        let expected = if kind == "\u{7f}" { 400 } else { 200 };
        assert_eq!(ask(&emulator, &line, r#"{"value":"x"}"#).0, expected, "{kind}");
    }
    let form = ask(&emulator, "POST /_emulator/digest", "value=x").1;
    assert_eq!(form["error"]["message"], "The body is not valid JSON at line 1, column 1.");
}

#[test]
fn a_body_of_any_depth_and_any_number_of_members_is_answered_at_once() {
    let emulator = Emulator::start_blocking().unwrap();
    let many = |count: usize, member: &dyn Fn(usize) -> String| {
        format!("{{{}}}", (0..count).map(member).collect::<Vec<_>>().join(","))
    };
    let bodies_of_harm = [
        "[".repeat(60_000),
        r#"{"a":"#.repeat(12_000),
        format!("{}1{}", r#"{"answer":"#.repeat(100), "}".repeat(100)),
        many(5_000, &|n| format!(r#""m{n}":1"#)),
        many(5_000, &|_| r#""same":1"#.to_owned()),
        format!(r#"{{"{}":1}}"#, "x".repeat(60_000)),
        format!(r#"{{"operation":"{}"}}"#, "x".repeat(60_000)),
        format!(r#"{{"set":{}}}"#, "9".repeat(60_000)),
        format!(r#"{{"advance_seconds":1e{}}}"#, "9".repeat(60_000)),
        r#"{"advance_seconds":NaN}"#.to_owned(),
        r#"{"advance_seconds":Infinity}"#.to_owned(),
        "{\"value\":\"\\ud800\"}".to_owned(),
        "{\"value\":\"x\"}\0".to_owned(),
    ];
    for body in &bodies_of_harm {
        for example in bodies() {
            let (status, error) =
                ask(&emulator, &format!("{} {}", example.method, filled(example.route)), body);
            let message = error["error"]["message"].as_str().unwrap_or_default();
            let start = &body[..body.len().min(40)];
            assert!(status == 400 && (10..300).contains(&message.len()), "{start}: {status} {message}");
        }
    }
    assert_eq!(ask(&emulator, "GET /_emulator/health", "").0, 200);
}

#[test]
fn ten_thousand_scripts_and_users_leave_as_many_as_may_stay() {
    let state = Emulator::builder().state().unwrap();
    let send = |method: &str, path: &str, body: String| {
        let request = http::Request::builder().method(method).uri(path).header("host", "localhost");
        let head = request.body(()).unwrap().into_parts().0;
        now(answer(&state, true, &head, Ok(body.into()))).status().as_u16()
    };
    let script = |n: usize| format!(r#"{{"operation":"other","answer":{{"status":200,"body":"{n}"}}}}"#);
    let added = (0..10_000).filter(|n| send("POST", "/_emulator/scripts", script(*n)) == 201).count();
    assert_eq!((added, state.scripts.len()), (MAX_SCRIPTS, MAX_SCRIPTS));
    for id in 1..=5_000 {
        send("DELETE", &format!("/_emulator/scripts/{id}"), String::new());
        send("POST", "/_emulator/scripts", script(id));
    }
    let known = (1..=10_000).filter(|id| state.scripts.find(*id).is_some()).count();
    assert_eq!(known, MAX_SCRIPTS + MAX_ENDED);
    let user = |n: usize| format!(r#"{{"user_principal_name":"{n}@x","client_secret":"s"}}"#);
    let added: Vec<_> = (0..10_050).map(|n| send("POST", "/_emulator/users", user(n))).collect();
    assert_eq!(added.iter().filter(|status| **status == 201).count(), 10_000 - 2);
    assert!(added[9_998..].iter().all(|status| *status == 409));
    assert_eq!(send("POST", "/_emulator/reset", String::new()), 204);
    assert_eq!((state.scripts.len(), state.service.users().iter().count()), (0, 2));
}

#[test]
fn a_wait_that_its_client_gives_up_makes_room_and_many_end_together() {
    let emulator = Emulator::start_blocking().unwrap();
    let open = |line: &str| {
        let mut stream = TcpStream::connect(emulator.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "GET {line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        stream
    };
    for _ in 0..3 {
        let waits: Vec<_> = (0..50).map(|_| open("/_emulator/requests/wait?count=9&within=300")).collect();
        drop(waits);
    }
    let mut waits: Vec<_> =
        (0..20).map(|_| open("/_emulator/requests/wait?operation=other&count=1&within=300")).collect();
    ask(&emulator, "GET /x", "");
    for stream in &mut waits {
        let mut answer = String::new();
        std::io::Read::read_to_string(stream, &mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") || answer.contains("TooManyWaits"), "{answer}");
    }
    assert_eq!(emulator.count(Operation::Other), 1);
}

//! A Redis server that is down, that hangs, or that is none: a warning, and no call fails because of it.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use cg_auth_emulator::Operation;
use serde_json::Value;

use super::{
    issued,
    place::{Place, undisturbed},
    redis::Redis,
};
use crate::{
    harness::{emulator, json_error, stderr, stdout, with_emulator},
    proxy::Running,
    upstream::{Upstream, answer},
};

/// The URL of a peer that answers whatever it reads with `reply`.
fn peer(reply: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {
                    let _ = stream.write_all(reply.as_bytes());
                }
            });
        }
    });
    url
}

/// The URL of a port at which nothing listens.
fn closed() -> String {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("redis://{address}")
}

/// Each command gets a token and warns once, and the commands about the store fail with exit code 5.
fn assert_is_survived(url: &str, problem: &str) {
    let emulator = emulator();
    let run = |arguments: &[&str]| {
        let mut command = with_emulator(&emulator, arguments);
        command.env("CG_AUTH_STORE", url).output().unwrap()
    };
    for arguments in [&["token"][..], &["exec", "--", "sh", "-c", "echo $CG_AUTH_ACCESS_TOKEN"]] {
        let output = run(arguments);
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{shown}");
        assert!(stdout(&output).starts_with("eyJ"), "{}", stdout(&output));
        let start = "warning: cannot share the token: the token store is unavailable: ";
        assert!(shown.starts_with(start) && shown.lines().count() == 1, "{shown}");
        // On a machine that is busy, the limit of the provider may come before that of the store.
        let reasons =
            [url.split_once("://").unwrap().1, "check that the URL names a Redis server", "no answer within"];
        assert!(reasons.iter().any(|reason| shown.contains(reason)), "{shown}");
    }
    assert_eq!(issued(&emulator), 2);
    for arguments in [&["store", "show"][..], &["store", "clear", "--yes"]] {
        let output = run(&[arguments, &["--timeout", "1s"]].concat());
        let shown = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output)), (Some(5), String::new()), "{shown}");
        let start = format!("error: cannot use the store {url}/0 (CG_AUTH_STORE)\n");
        assert!(shown.starts_with(&start) && shown.contains(problem), "{shown}");
    }
    let error = json_error(&run(&["store", "show", "--timeout", "1s", "--error-format", "json"]));
    assert_eq!((&error["kind"], &error["recovery"]), (&"transport".into(), &"retry".into()), "{error}");

    let output = run(&["doctor", "-o", "json"]);
    assert_eq!(output.status.code(), Some(5), "{}", stdout(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let store = checks.iter().find(|check| check["name"] == "store").unwrap();
    assert_eq!((&store["status"], &store["exit_code"]), (&"failed".into(), &5.into()), "{store}");
    assert!(store["detail"].as_str().unwrap().contains(problem) && store["fix"].is_string(), "{store}");
    let failed = checks.iter().filter(|check| check["status"] == "failed").count();
    assert_eq!(failed, 1, "the service itself is reached: {report}");

    let output = run(&["delete-token-cache", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "the cache of the service was deleted: {}", stderr(&output));
    assert!(stderr(&output).starts_with("warning: the token stays in the store: "), "{}", stderr(&output));
}

#[test]
fn a_server_that_is_down_costs_a_warning() {
    assert_is_survived(&closed(), "cannot connect to the Redis server");
}

#[test]
fn a_peer_that_never_answers_costs_a_warning() {
    assert_is_survived(&peer(""), "did not answer within");
}

#[test]
fn a_peer_that_is_no_redis_server_costs_a_warning() {
    assert_is_survived(&peer("HTTP/1.1 400 Bad Request\r\n\r\n"), "does not answer as a Redis server does");
    assert_is_survived(&peer("+OK\r\n"), "answers a script as no Redis does");
}

#[test]
fn a_plain_peer_is_not_spoken_to_over_tls() {
    let url = peer("+OK\r\n").replace("redis://", "rediss://");
    assert_is_survived(&url, "the TLS handshake failed with the Redis server");
}

#[test]
fn a_server_that_hangs_holds_no_command_up() {
    let Some(redis) = Redis::start() else { return };
    redis.server.freeze();
    assert_is_survived(&redis.setting(), "did not answer within");
    redis.server.thaw();
}

#[test]
fn a_proxy_outlives_its_server() {
    let Some(mut redis) = Redis::start() else { return };
    let emulator = emulator();
    let upstream = Upstream::always(&answer("200 OK", "", "ok"));
    let running = Running::start(&emulator, &upstream.url, &["--store", &redis.setting()]);
    redis.server.stop();
    assert!(running.ask("GET", "/x", "", "").starts_with("HTTP/1.1 200"));
    redis.server.start_again();
    assert!(running.ask("GET", "/x", "", "").starts_with("HTTP/1.1 200"));
    let (code, _, _) = running.stop(rustix::process::Signal::TERM);
    assert_eq!(code, Some(0));
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
}

#[test]
fn a_server_that_starts_again_without_its_data_is_used_as_an_empty_one() {
    undisturbed(|| {
        let Some(mut redis) = Redis::start() else { return };
        let emulator = emulator();
        redis.token(&emulator, &[]);
        redis.server.stop();
        redis.server.start_again();
        let second = redis.token(&emulator, &[]);
        assert_eq!(redis.token(&emulator, &[]), second);
        assert_eq!(issued(&emulator), 2);
    });
}

//! Peers that are no Redis server, or a malicious one.

use std::time::Duration;

use cg_auth_core::time::Now;
use cg_auth_redis::{ByteStore, RedisStore};
use tokio::net::TcpListener;

use super::{
    entries::{FIRST, claim, text},
    raw_server::{Answer, Command, REMOVED, RawServer, TIME},
};

const NOT_REDIS: &str = "does not answer as a Redis server does";
const NOT_A_SCRIPT: &str = "answers a script as no Redis does";

#[tokio::test]
async fn what_is_no_reply_of_a_script_is_an_error() {
    let long = format!("${}\r\n", 3 * 1024 * 1024);
    for (reply, expected) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", NOT_REDIS),
        ("*9223372036854775807\r\n", NOT_REDIS),
        ("%1\r\n+a\r\n+b\r\n", NOT_REDIS),
        (">1\r\n+a\r\n", NOT_REDIS),
        (">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n", NOT_REDIS),
        ("*1\r\n*1\r\n*1\r\n", NOT_REDIS),
        (&"*1\r\n".repeat(10_000), NOT_REDIS),
        (&long, NOT_REDIS),
        ("+\u{fffd}\r\n", NOT_A_SCRIPT),
        (":99999999999999999999\r\n", NOT_REDIS),
        (":9999999999999999999\r\n", NOT_REDIS),
        ("+OK\r\n", NOT_A_SCRIPT),
        (":1\r\n", NOT_A_SCRIPT),
        ("$-1\r\n", NOT_A_SCRIPT),
        ("$4\r\ndone\r\n", NOT_A_SCRIPT),
        ("*0\r\n", NOT_A_SCRIPT),
        ("*-1\r\n", NOT_A_SCRIPT),
        ("*1\r\n:1\r\n", NOT_A_SCRIPT),
        ("*1\r\n$4\r\nfree\r\n", NOT_A_SCRIPT),
        ("*2\r\n:-1\r\n$4\r\nfree\r\n", NOT_A_SCRIPT),
        ("*2\r\n$1\r\n1\r\n$4\r\nfree\r\n", NOT_A_SCRIPT),
        ("*2\r\n:1\r\n$4\r\ndone\r\n", NOT_A_SCRIPT),
        ("*2\r\n:1\r\n+free\r\n", NOT_A_SCRIPT),
        ("*2\r\n:1\r\n$5\r\ntoken\r\n", NOT_A_SCRIPT),
        ("*5\r\n:1\r\n$5\r\ntoken\r\n$1\r\nx\r\n$1\r\nx\r\n:1\r\n", NOT_A_SCRIPT),
        ("*3\r\n:1\r\n$4\r\nheld\r\n:-1\r\n", NOT_A_SCRIPT),
        ("*3\r\n:1\r\n$4\r\nheld\r\n$1\r\n1\r\n", NOT_A_SCRIPT),
        ("*4\r\n:1\r\n$3\r\nwon\r\n:4294967296\r\n:0\r\n", NOT_A_SCRIPT),
        ("-NOSCRIPT pass-word\r\n", "refuses the command"),
        ("-pass-word pass-word\r\n", "refuses the command"),
        ("-\r\n", "refuses the command"),
        ("-MOVED 1 127.0.0.1:1\r\n", "is part of a cluster, which is not supported"),
        ("-LOADING\r\n", "still loads its data"),
        ("-NOAUTH pass-word\r\n", "wants a password; put USER:PASSWORD@ into the URL"),
        ("-READONLY pass-word\r\n", "is a read-only replica; name the primary in the URL"),
        ("-OOM pass-word\r\n", "has no memory left"),
        ("-MISCONF pass-word\r\n", "cannot write its snapshot"),
        ("-MASTERDOWN pass-word\r\n", "is a replica without its primary"),
        ("-NOREPLICAS pass-word\r\n", "has too few replicas"),
    ] {
        let answer = Answer::Bytes(reply.into());
        for server in [RawServer::answering_scripts(answer.clone()).await, RawServer::answering(answer).await]
        {
            let shown = text(claim(&server.store(), FIRST).await);
            assert!(shown.contains(expected), "{reply:?}: {shown}");
            assert!(!shown.contains("pass-word"), "{reply:?}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_reply_without_an_end_is_cut_off() {
    let long = vec![b'a'; 3 * 1024 * 1024];
    let (nested, elements) =
        (b"*2\r\n".repeat(16_384), [b"*16\r\n", &b"$1\r\nx\r\n".repeat(15)[..]].concat());
    let megabyte = [b"$1048576\r\n", &long[..1_048_576], b"\r\n"].concat();
    for (what, answer) in [
        ("a line", Answer::Endless(vec![b'+'; 65_536])),
        ("an error", Answer::Bytes([b"-", &long[..]].concat())),
        ("a line in an array", Answer::Bytes([b"*2\r\n+", &long[..]].concat())),
        ("a string", Answer::Endless([b"$2228225\r\n", &long[..]].concat())),
        ("arrays in arrays", Answer::Endless(nested)),
        ("strings in an array", Answer::Bytes([b"*16\r\n", &megabyte.repeat(16)[..]].concat())),
        ("zeros", Answer::Endless(vec![0; 65_536])),
        ("a number", Answer::Endless([b":", &b"1".repeat(65_535)[..]].concat())),
        ("array after array", Answer::Endless([&elements[..], b"$1\r\nx\r\n"].concat().repeat(1_000))),
    ] {
        let server = RawServer::answering_scripts(answer).await;
        let shown = text(claim(&server.store(), FIRST).await);
        assert!(shown.contains(NOT_REDIS), "{what}: {shown}");
        // The bound, and what the system keeps on the way.
        assert!(server.sent() < 12 * 1024 * 1024, "{what}: {} bytes", server.sent());
    }
}

#[tokio::test]
async fn a_peer_that_says_nothing_or_too_little_costs_the_limit() {
    for reply in ["", "*", "*3\r\n:1\r\n$4\r\nheld\r\n", "$2000000\r\nxxx", "+OK", "-ERR pass-word\r"] {
        let server = RawServer::answering_scripts(Answer::Bytes(reply.into())).await;
        let store = server.store().with_operation_limit(Duration::from_millis(100));
        let shown = text(claim(&store, FIRST).await);
        assert!(shown.contains("did not answer within 100ms"), "{reply:?}: {shown}");
    }
}

/// Otherwise a server that hangs would keep a connection for each operation.
#[tokio::test]
async fn the_connection_of_a_peer_that_says_nothing_is_closed_and_so_is_that_of_a_dropped_store() {
    let silent = RawServer::answering(Answer::Bytes(Vec::new())).await;
    let store = silent.store().with_operation_limit(Duration::from_secs(1));
    text(store.remove("entry").await);
    silent.has_open(0).await;

    let server = RawServer::answering_scripts(Answer::Bytes(REMOVED.into())).await;
    let store = server.store();
    store.remove("entry").await.unwrap();
    server.has_open(1).await;
    drop(store);
    server.has_open(0).await;
}

#[tokio::test]
async fn half_a_reply_and_the_end_of_the_connection_is_an_error_at_once() {
    for reply in ["", "*", "*3\r\n:1\r\n$4\r\nheld\r\n", "$2000000\r\nxxx", "+OK", "-ERR pass-word\r"] {
        let server = RawServer::answering_scripts(Answer::Last(reply.into())).await;
        let shown = text(claim(&server.store(), FIRST).await);
        assert!(shown.contains("was lost") || shown.contains(NOT_REDIS), "{reply:?}: {shown}");
    }
}

/// Each operation but the first finds its connection closed.
#[tokio::test]
async fn a_peer_that_closes_after_each_script_answers_each_operation() {
    let server = RawServer::answering_scripts(Answer::Last(REMOVED.into())).await;
    let store = server.store();
    for _ in 0..20 {
        store.remove("entry").await.unwrap();
    }
    assert_eq!(server.connections(), 20);
}

#[tokio::test]
async fn a_peer_that_closes_after_each_reply_costs_each_operation_one_connection() {
    let server = RawServer::answering(Answer::Last(TIME.into())).await;
    let store = server.store();
    for _ in 0..20 {
        let shown = text(store.remove("entry").await);
        assert!(shown.contains("was lost"), "{shown}");
    }
    assert_eq!(server.connections(), 20);
}

#[tokio::test]
async fn a_peer_whose_time_is_out_of_this_world_breaks_no_operation() {
    for seconds in ["0", "1", "9007199254", "9223372036854", "18446744073709"] {
        for now in ["0", "9007199254740993", "9223372036854775807"] {
            let time = format!("*2\r\n${}\r\n{seconds}\r\n$1\r\n0\r\n", seconds.len());
            let removed = format!("*2\r\n:{now}\r\n$7\r\nremoved\r\n");
            let answer = move |command: &Command| match &*command[0] {
                b"TIME" => Answer::Bytes(time.clone().into()),
                _ => Answer::Bytes(removed.clone().into()),
            };
            let store = RawServer::start(answer).await.store();
            for _ in 0..3 {
                store.remove("entry").await.unwrap();
            }
        }
    }
    for time in
        ["*2\r\n$20\r\n18446744073709551615\r\n$1\r\n0\r\n", "*2\r\n$2\r\n-1\r\n$1\r\n0\r\n", "*1\r\n:1\r\n"]
    {
        let server = RawServer::answering(Answer::Bytes(time.into())).await;
        let shown = text(server.store().remove("entry").await);
        assert!(shown.contains(NOT_A_SCRIPT), "{time:?}: {shown}");
    }
}

#[tokio::test]
async fn a_reply_too_many_shifts_no_later_one() {
    for more in [REMOVED, "-ERR pass-word\r\n", ":", "*3\r\n"] {
        let reply = format!("{REMOVED}{more}");
        let server = RawServer::answering_scripts(Answer::Bytes(reply.clone().into())).await;
        let shown = text(server.store().remove("entry").await);
        assert!(shown.contains(NOT_REDIS), "{reply:?}: {shown}");
    }
}

/// Nothing waits for these replies, so without a count they would be read until the end of time.
#[tokio::test]
async fn a_peer_that_never_stops_talking_is_cut_off() {
    let server = RawServer::answering_scripts(Answer::Endless(REMOVED.repeat(1_000).into())).await;
    let shown = text(server.store().remove("entry").await);
    assert!(shown.contains(NOT_REDIS), "{shown}");
    assert!(server.sent() < 12 * 1024 * 1024, "{} bytes", server.sent());
}

#[tokio::test]
async fn no_reply_to_a_login_is_shown() {
    for (reply, expected) in [
        ("-WRONGPASS invalid pass-word of app\r\n", "refuses the user or the password of the URL"),
        (
            "-ERR redis://app:pass-word@127.0.0.1 is unknown\r\n",
            "refuses the user or the password of the URL",
        ),
        ("-NOAUTH pass-word\r\n", "refuses the user or the password of the URL"),
        ("-NOPERM pass-word\r\n", "refuses the user or the password of the URL"),
        ("-LOADING pass-word\r\n", "refuses the"),
        ("-pass-word\r\n", "refuses the user or the password of the URL"),
        ("$9\r\npass-word\r\n", "refuses the"),
        ("*1\r\n$9\r\npass-word\r\n", "refuses the"),
        ("!9\r\npass-word\r\n", NOT_REDIS),
        ("pass-word\r\n", NOT_REDIS),
    ] {
        let server = RawServer::answering(Answer::Bytes(reply.into())).await;
        let store = RedisStore::new(server.url("app:pass-word@").parse().unwrap());
        let shown = text(claim(&store.with_operation_limit(super::server::PATIENT), FIRST).await);
        assert!(shown.contains(expected), "{reply:?}: {shown}");
        assert!(!shown.contains("pass-word") && !shown.contains("app"), "{reply:?}: {shown}");
    }
}

/// Redis says so before it closes a connection of another machine. Without a password in the URL the reply comes unasked.
#[tokio::test]
async fn a_server_in_protected_mode_is_named_and_its_text_is_not_shown() {
    for login in ["", "app:pass-word@"] {
        let server = RawServer::greeting(b"-DENIED pass-word\r\n").await;
        let store = RedisStore::new(server.url(login).parse().unwrap());
        let shown = text(claim(&store.with_operation_limit(super::server::PATIENT), FIRST).await);
        assert!(shown.contains("is in protected mode"), "{login}: {shown}");
        assert!(!shown.contains("pass-word"), "{login}: {shown}");
    }
}

#[tokio::test]
async fn a_reply_to_the_choice_of_the_database_is_not_shown() {
    let answer = |command: &Command| match &*command[0] {
        b"AUTH" => Answer::Bytes(b"+OK\r\n".into()),
        _ => Answer::Bytes(b"-ERR pass-word\r\n".into()),
    };
    let server = RawServer::start(answer).await;
    let url = server.url("app:pass-word@") + "/7";
    let store = RedisStore::new(url.parse().unwrap()).with_operation_limit(super::server::PATIENT);
    let shown = text(claim(&store, FIRST).await);
    assert!(shown.contains("refuses the database of the URL"), "{shown}");
}

#[tokio::test]
async fn a_peer_that_closes_every_connection_is_an_error_and_is_not_asked_at_once_again() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (count, mut counted) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            let _ = count.send(());
        }
    });
    let store = RedisStore::new(format!("redis://{address}").parse().unwrap())
        .with_operation_limit(super::server::PATIENT);
    let began = Now::system();
    for _ in 0..1_000 {
        let shown = text(claim(&store, FIRST).await);
        assert!(shown.contains("was lost"), "{shown}");
    }
    let mut connections = 0;
    while counted.try_recv().is_ok() {
        connections += 1;
    }
    // The pauses double from a tenth of a second, so a second has four of them.
    let allowed = 5 + Now::system().saturating_since(began).as_secs();
    assert!(connections <= allowed, "{connections} connections, {allowed} are allowed");
}

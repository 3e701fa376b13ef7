//! Peers that are no Redis server, or a malicious one.

use std::{net::SocketAddr, time::Duration};

use cg_auth_redis::RedisStore;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{
    entries::{FIRST, claim, text},
    server::PATIENT,
};

/// A peer that answers whatever it reads with `reply`, again and again if `is_endless`.
async fn peer(reply: Vec<u8>, is_endless: bool) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let reply = reply.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|length| length > 0) {
                    while stream.write_all(&reply).await.is_ok() && is_endless {}
                }
            });
        }
    });
    address
}

fn store(address: SocketAddr) -> RedisStore {
    RedisStore::new(format!("redis://{address}").parse().unwrap()).with_operation_limit(PATIENT)
}

#[tokio::test]
async fn what_is_no_reply_of_a_script_is_an_error() {
    let long = format!("${}\r\n", 3 * 1024 * 1024);
    for (reply, expected) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "does not answer as a Redis server does"),
        ("*9223372036854775807\r\n", "does not answer as a Redis server does"),
        ("%1\r\n+a\r\n+b\r\n", "does not answer as a Redis server does"),
        (">1\r\n+a\r\n", "does not answer as a Redis server does"),
        ("*1\r\n*1\r\n*1\r\n", "does not answer as a Redis server does"),
        (&long, "does not answer as a Redis server does"),
        ("+\u{fffd}\r\n", "answers a script as no Redis does"),
        (":99999999999999999999\r\n", "does not answer as a Redis server does"),
        (":9999999999999999999\r\n", "does not answer as a Redis server does"),
        ("+OK\r\n", "answers a script as no Redis does"),
        ("$-1\r\n", "answers a script as no Redis does"),
        ("*0\r\n", "answers a script as no Redis does"),
        ("*1\r\n$5\r\ntoken\r\n", "answers a script as no Redis does"),
        ("*4\r\n$5\r\ntoken\r\n$1\r\nx\r\n$1\r\nx\r\n:1\r\n", "answers a script as no Redis does"),
        ("*2\r\n$4\r\nheld\r\n:-1\r\n", "answers a script as no Redis does"),
        ("*3\r\n$3\r\nwon\r\n:4294967296\r\n:0\r\n", "answers a script as no Redis does"),
        ("-NOSCRIPT pass-word\r\n", "refuses the command"),
        ("-pass-word pass-word\r\n", "refuses the command"),
        ("-MOVED 1 127.0.0.1:1\r\n", "is part of a cluster, which is not supported"),
        ("-LOADING\r\n", "still loads its data"),
    ] {
        let store = store(peer(reply.as_bytes().to_vec(), false).await);
        let shown = text(claim(&store, FIRST).await);
        assert!(shown.contains(expected), "{reply:?}: {shown}");
        assert!(!shown.contains("pass-word"), "{reply:?}: {shown}");
    }
}

#[tokio::test]
async fn a_reply_without_an_end_is_cut_off() {
    let long = vec![b'a'; 3 * 1024 * 1024];
    for (reply, is_endless) in [
        (vec![b'+'; 65_536], true),
        ([b"-", &long[..]].concat(), false),
        ([b"*2\r\n+", &long[..]].concat(), false),
    ] {
        let store = store(peer(reply, is_endless).await);
        let shown = text(claim(&store, FIRST).await);
        assert!(shown.contains("does not answer as a Redis server does"), "{shown}");
    }
}

#[tokio::test]
async fn a_peer_that_says_nothing_or_too_little_costs_the_limit() {
    for reply in ["", "*2\r\n$4\r\nheld\r\n", "$2000000\r\nxxx"] {
        let address = peer(reply.as_bytes().to_vec(), false).await;
        let store = store(address).with_operation_limit(Duration::from_millis(100));
        let shown = text(claim(&store, FIRST).await);
        assert!(shown.contains("did not answer within 100ms"), "{reply:?}: {shown}");
    }
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
    let store = store(address);
    for _ in 0..1_000 {
        let shown = text(claim(&store, FIRST).await);
        assert!(shown.contains("was lost"), "{shown}");
    }
    let mut connections = 0;
    while counted.try_recv().is_ok() {
        connections += 1;
    }
    // A thousand operations within few pauses of the back-off.
    assert!(connections < 20, "{connections} connections");
}

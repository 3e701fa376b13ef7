//! Servers that restart, hang, forget and are interrupted.

use std::time::Duration;

use cg_auth_core::token::store::Lease;
use cg_auth_redis::{ByteStore, RedisStore};
use cg_auth_store::byte_store::ByteClaimed;

use super::{
    entries::{FIRST, claim, publish_token, text},
    server::{self, PATIENT, Server},
};

const WON: ByteClaimed = ByteClaimed::Won(Lease::after(0));

/// Claims until the store answers, at most as long as the back-off may be.
async fn claim_until_it_answers(store: &RedisStore) -> ByteClaimed {
    let mut error = None;
    for _ in 0..300 {
        match claim(store, FIRST).await {
            Ok(claimed) => return claimed,
            Err(other) => error = Some(other),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the store does not come back: {error:?}");
}

#[tokio::test]
async fn an_operation_finds_a_server_that_was_restarted() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    assert_eq!(claim(&store, FIRST).await.unwrap(), WON);
    publish_token(&store, PATIENT).await.unwrap();
    let _server = server.stop().start();
    // Its connection is lost and its data too, and it does not know the script.
    assert_eq!(claim(&store, FIRST).await.unwrap(), WON);
}

#[tokio::test]
async fn a_server_that_is_down_fails_each_operation_and_is_found_when_it_is_back() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let (store, address) = (server.store(), format!("127.0.0.1:{}", server.port()));
    claim(&store, FIRST).await.unwrap();
    let stopped = server.stop();
    for _ in 0..3 {
        let shown = text(claim(&store, FIRST).await);
        assert!(shown.contains(&format!("cannot connect to the Redis server {address}")), "{shown}");
        assert!(shown.contains("refused"), "{shown}");
    }
    let _server = stopped.start();
    assert_eq!(claim_until_it_answers(&store).await, WON);
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_hangs_costs_the_limit_and_is_asked_over_a_new_connection_afterwards() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let url = server.url().parse().unwrap();
    let store = RedisStore::new(url);
    assert_eq!(claim_until_it_answers(&store).await, WON);
    server.freeze();
    let started = tokio::time::Instant::now();
    let shown = text(claim(&store, FIRST).await);
    assert!(shown.contains("did not answer within 400ms"), "{shown}");
    assert!(started.elapsed() < 10 * Duration::from_millis(400), "{:?}", started.elapsed());
    let shown = text(claim(&store, FIRST).await);
    assert!(shown.contains("did not answer within 400ms"), "{shown}");
    server.thaw();
    assert_eq!(claim_until_it_answers(&store).await, WON);
}

#[tokio::test]
async fn a_server_that_forgets_everything_has_an_empty_entry() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    publish_token(&store, PATIENT).await.unwrap();
    server.ask(&["FLUSHALL"]).await;
    assert_eq!(claim(&store, FIRST).await.unwrap(), WON);
    server.ask(&["SCRIPT", "FLUSH"]).await;
    publish_token(&store, PATIENT).await.unwrap();
    server.ask(&["SCRIPT", "FLUSH"]).await;
    assert!(matches!(claim(&store, FIRST).await, Ok(ByteClaimed::Token(_))));
}

#[tokio::test]
async fn an_operation_behind_a_script_that_is_killed_is_done_or_says_why_not() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&["--lua-time-limit", "1"]);
    let store = server.store();
    claim(&store, FIRST).await.unwrap();
    let endless = server.ask(&["EVAL", "while true do end", "0"]);
    let meanwhile = async {
        // The server answers BUSY once the script has run for a millisecond, and nothing before.
        let busy = loop {
            match claim(&store, FIRST).await {
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => break error,
            }
        };
        let shown = text::<()>(Err(busy));
        assert!(shown.contains("runs a script of another program"), "{shown}");
        server.ask(&["SCRIPT", "KILL"]).await;
    };
    let (killed, ()) = tokio::join!(endless, meanwhile);
    assert!(matches!(killed, redis::Value::ServerError(_)));
    assert_eq!(claim(&store, FIRST).await.unwrap(), WON);
}

#[tokio::test]
async fn an_operation_that_is_cancelled_leaves_the_connection_usable() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    claim(&store, FIRST).await.unwrap();
    let connections = || async {
        let list = server.ask(&["INFO", "stats"]).await;
        let text: String = redis::from_redis_value(list).unwrap();
        let total = text.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        total.unwrap().trim().parse::<u32>().unwrap()
    };
    let before = connections().await;
    for polls in 0..20 {
        let mut operation = Box::pin(claim(&store, FIRST));
        for _ in 0..polls {
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(operation.as_mut().poll(context).is_ready())
            });
            if polled.await {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(operation);
        // Each answer is that of its own question.
        store.remove("other").await.unwrap();
        assert_eq!(claim(&store, FIRST).await.unwrap(), WON);
    }
    assert_eq!(connections().await, before + 1, "the store has opened another connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_operations_at_once_share_a_connection() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    let claims: Vec<_> = (0..200)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { claim(&store, FIRST).await })
        })
        .collect();
    for claim in claims {
        assert_eq!(claim.await.unwrap().unwrap(), WON);
    }
    let list = server.ask(&["CLIENT", "LIST", "TYPE", "normal"]).await;
    let clients: String = redis::from_redis_value(list).unwrap();
    assert_eq!(clients.lines().filter(|line| !line.contains("cmd=client")).count(), 1, "{clients}");
}

#[tokio::test]
async fn a_server_with_too_many_clients_is_named() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&["--maxclients", "1"]);
    let first = server.store();
    claim(&first, FIRST).await.unwrap();
    for login in ["", ":pass-word@"] {
        let url = format!("redis://{login}127.0.0.1:{}", server.port());
        let second = RedisStore::new(url.parse().unwrap()).with_operation_limit(PATIENT);
        let shown = text(claim(&second, FIRST).await);
        assert!(shown.contains("has too many clients; raise its maxclients"), "{shown}");
    }
    assert_eq!(claim(&first, FIRST).await.unwrap(), WON);
}

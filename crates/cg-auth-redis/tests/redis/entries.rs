//! What lies on the server, and what it does to an operation.

use std::time::Duration;

use cg_auth_core::{
    Recovery,
    causes::cause_chain,
    token::store::{CoolDown, Holder, Lease, Published, SharedFailure, StoreError},
};
use cg_auth_redis::{ByteStore, RedisStore};
use cg_auth_store::byte_store::{ByteClaim, ByteClaimed, ByteEntry, BytePublication, SealedToken};
use redis::{FromRedisValue, Value};

use super::server::{self, Server};

const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const FIRST: Holder = Holder::new(1);
const SECOND: Holder = Holder::new(2);
const KEY: &str = "cg-auth:{entry}";

/// A claim for a lease of a minute.
pub(crate) async fn claim(store: &RedisStore, holder: Holder) -> Result<ByteClaimed, StoreError> {
    let lease = Some(Duration::from_secs(60));
    let claim = ByteClaim { holder, held: None, unwanted: Vec::new(), lease };
    store.claim("entry", &claim).await
}

pub(crate) async fn publish_token(store: &RedisStore, left: Duration) -> Result<Published, StoreError> {
    let token = SealedToken { sealed: b"sealed".to_vec(), digest: *b"sixteen bytes...", left };
    store.publish("entry", FIRST, &BytePublication::Token(token)).await
}

async fn publish_cool_down(store: &RedisStore, left: Duration) -> Result<Published, StoreError> {
    let failure = SharedFailure::new("api", Recovery::ReplaceCredential, Some(401));
    let cool_down = CoolDown { left, failures: 3, failure };
    store.publish("entry", FIRST, &BytePublication::CoolDown(cool_down)).await
}

/// The texts of an error and of its causes.
pub(crate) fn text<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> String {
    let error = outcome.unwrap_err();
    assert!(!format!("{error:?}").contains("pass-word"), "{error:?}");
    cause_chain(&error).to_string()
}

fn read<T: FromRedisValue>(value: Value) -> T {
    T::from_redis_value(value).unwrap()
}

#[tokio::test]
async fn the_server_removes_an_entry_when_all_of_it_has_ended() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    claim(&store, FIRST).await.unwrap();
    let left: i64 = read(server.ask(&["PTTL", KEY]).await);
    assert!((1..=60_001).contains(&left), "{left}");

    publish_token(&store, 5 * HOUR).await.unwrap();
    let left: i64 = read(server.ask(&["PTTL", KEY]).await);
    assert!((16_000_000..=18_000_001).contains(&left), "{left}");

    // A short part does not shorten the life of a long one.
    let held = Some((*b"sixteen bytes...", Some(5 * HOUR)));
    let lease = Some(Duration::from_secs(60));
    let renewal = ByteClaim { holder: FIRST, held, unwanted: Vec::new(), lease };
    assert_eq!(store.claim("entry", &renewal).await.unwrap(), ByteClaimed::Won(Lease::after(0)));
    let left: i64 = read(server.ask(&["PTTL", KEY]).await);
    assert!((16_000_000..=18_000_001).contains(&left), "{left}");

    store.remove("entry").await.unwrap();
    publish_cool_down(&store, Duration::from_secs(30)).await.unwrap();
    let left: i64 = read(server.ask(&["PTTL", KEY]).await);
    assert!((3_600_000..=3_630_001).contains(&left), "the count stays for an hour: {left}");

    store.remove("entry").await.unwrap();
    claim(&store, FIRST).await.unwrap();
    store.publish("entry", FIRST, &BytePublication::Released).await.unwrap();
    assert_eq!(read::<i64>(server.ask(&["DBSIZE"]).await), 0);
}

#[tokio::test]
async fn a_lifetime_that_lua_cannot_count_becomes_a_very_long_one() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    publish_token(&store, Duration::MAX).await.unwrap();
    let ByteClaimed::Token(token) = claim(&store, FIRST).await.unwrap() else { panic!("no token") };
    assert!(token.left > 100 * 365 * 24 * HOUR, "{:?}", token.left);
}

#[tokio::test]
async fn two_prefixes_are_two_stores_and_a_database_is_one_too() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    claim(&store, FIRST).await.unwrap();
    let other = server.store().with_key_prefix("staging").unwrap();
    assert!(matches!(claim(&other, SECOND).await, Ok(ByteClaimed::Won(_))));
    let url = format!("{}/3", server.url());
    let third = RedisStore::new(url.parse().unwrap()).with_operation_limit(server::PATIENT);
    assert!(matches!(claim(&third, SECOND).await, Ok(ByteClaimed::Won(_))));
    assert!(matches!(claim(&store, SECOND).await, Ok(ByteClaimed::Held(_))));
    let mut keys: Vec<String> = read(server.ask(&["KEYS", "*"]).await);
    keys.sort();
    assert_eq!(keys, [KEY, "staging:{entry}"]);

    let beyond = RedisStore::new(format!("{}/99", server.url()).parse().unwrap());
    let beyond = beyond.with_operation_limit(server::PATIENT);
    assert!(text(claim(&beyond, FIRST).await).contains("refuses the database of the URL"));
}

#[test]
fn a_prefix_that_could_break_a_key_is_refused() {
    let store = || RedisStore::new("redis://localhost".parse().unwrap());
    for prefix in ["", "a{b", "a}b", "a b", "ä", &"a".repeat(101)] {
        assert!(store().with_key_prefix(prefix).is_err(), "{prefix:?}");
    }
    assert!(store().with_key_prefix("team-1:cg_auth.v2").is_ok());
}

#[tokio::test]
async fn what_is_no_entry_counts_as_an_empty_one_and_the_lease_says_so() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    let far = "9000000000000000";
    for command in [
        &["SET", KEY, "a text"][..],
        &["RPUSH", KEY, "a list"],
        &["HSET", KEY, "holder", "x", "lease_end", far],
        &["HSET", KEY, "holder", "2", "lease_end", far],
        &["HSET", KEY, "holder", "00000000000000000000000000000002"],
        &["HSET", KEY, "holder", "00000000000000000000000000000002", "lease_end", "1e99"],
        &["HSET", KEY, "holder", "00000000000000000000000000000002", "lease_end", "-1"],
        &["HSET", KEY, "holder", "00000000000000000000000000000002", "lease_end", "99999999999999999"],
        &["HSET", KEY, "sealed", "x", "token_end", far],
        &[
            "HSET",
            KEY,
            "sealed",
            "x",
            "digest",
            "short",
            "token_end",
            far,
            "publisher",
            "00000000000000000000000000000002",
        ],
        &["HSET", KEY, "nothing_newer", "yes"],
        &["HSET", KEY, "failures", "many", "count_end", far],
        &["HSET", KEY, "kind", "a KIND", "recovery", "retry", "status", "", "cool_down_end", far],
        &["HSET", KEY, "kind", "api", "recovery", "retry", "status", "4e9", "cool_down_end", far],
    ] {
        server.ask(command).await;
        let look = ByteClaim { holder: FIRST, held: None, unwanted: Vec::new(), lease: None };
        assert_eq!(store.claim("entry", &look).await.unwrap(), ByteClaimed::Free, "{command:?}");
        let unreadable = ByteEntry { is_unreadable: true, ..ByteEntry::default() };
        assert_eq!(store.inspect("entry").await.unwrap(), unreadable, "{command:?}");
        let unreadable = ByteClaimed::Won(Lease::after(0).of_unreadable_entry());
        assert_eq!(claim(&store, FIRST).await.unwrap(), unreadable, "{command:?}");
        assert_eq!(claim(&store, FIRST).await.unwrap(), ByteClaimed::Won(Lease::after(0)), "{command:?}");
        assert_eq!(publish_token(&store, HOUR).await.unwrap(), Published::Done, "{command:?}");
        assert!(matches!(claim(&store, SECOND).await.unwrap(), ByteClaimed::Token(_)), "{command:?}");
        server.ask(&["DEL", KEY]).await;
    }
    // A publication needs no lease, and heals too.
    server.ask(&["SET", KEY, "a text"]).await;
    assert_eq!(publish_token(&store, HOUR).await.unwrap(), Published::Done);
    assert!(matches!(claim(&store, SECOND).await.unwrap(), ByteClaimed::Token(_)));
}

/// The digest tells tokens apart, so the sealed bytes of the same one may have been damaged.
#[tokio::test]
async fn the_same_token_replaces_its_sealed_bytes_and_keeps_its_end() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    let token = |sealed: &[u8], left| SealedToken { sealed: sealed.to_vec(), digest: [7; 16], left };
    for (sealed, left) in [(&b"damaged"[..], HOUR), (b"whole", 9 * HOUR)] {
        let publication = BytePublication::Token(token(sealed, left));
        assert_eq!(store.publish("entry", FIRST, &publication).await.unwrap(), Published::Done);
    }
    let ByteClaimed::Token(read) = claim(&store, SECOND).await.unwrap() else { panic!("no token") };
    assert!(read.left <= HOUR, "{read:?}");
    assert_eq!(read.sealed, b"whole");
}

#[tokio::test]
async fn a_token_that_another_program_made_too_long_is_not_read() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    let too_long = "x".repeat(2 * 1024 * 1024 + 1);
    let holder = "00000000000000000000000000000002";
    let (digest, end) = ("0123456789abcdef", "9000000000000000");
    server
        .ask(&["HSET", KEY, "sealed", &too_long, "digest", digest, "token_end", end, "publisher", holder])
        .await;
    assert_eq!(claim(&store, FIRST).await.unwrap(), ByteClaimed::Won(Lease::after(0).of_unreadable_entry()));
    let token = |length| SealedToken { sealed: vec![7; length], digest: [1; 16], left: HOUR };
    let publish = async |length| store.publish("entry", FIRST, &BytePublication::Token(token(length))).await;
    assert!(text(publish(2 * 1024 * 1024 + 1).await).contains("longer than the 2 MiB"));
    publish(2 * 1024 * 1024).await.unwrap();
    let ByteClaimed::Token(read) = claim(&store, SECOND).await.unwrap() else { panic!("no token") };
    assert_eq!(read.sealed, token(2 * 1024 * 1024).sealed);
}

#[tokio::test]
async fn a_full_server_changes_nothing_and_still_hands_out_and_ends() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&["--maxmemory-policy", "noeviction"]);
    let store = server.store();
    publish_token(&store, HOUR).await.unwrap();
    let held = Some((*b"sixteen bytes...", Some(HOUR)));
    let renewal =
        ByteClaim { holder: FIRST, held, unwanted: Vec::new(), lease: Some(Duration::from_secs(60)) };
    assert_eq!(store.claim("entry", &renewal).await.unwrap(), ByteClaimed::Won(Lease::after(0)));
    let before: Vec<Vec<u8>> = read(server.ask(&["HGETALL", KEY]).await);

    server.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let full = "has no memory left; raise its maxmemory, or let it evict keys";
    assert!(text(store.claim("entry", &renewal).await).contains(full));
    let other = SealedToken { sealed: b"other".to_vec(), digest: [9; 16], left: HOUR };
    assert!(text(store.publish("entry", FIRST, &BytePublication::Token(other)).await).contains(full));
    assert!(text(publish_cool_down(&store, HOUR).await).contains(full));
    assert_eq!(read::<Vec<Vec<u8>>>(server.ask(&["HGETALL", KEY]).await), before, "a step was taken by half");

    assert!(matches!(claim(&store, SECOND).await.unwrap(), ByteClaimed::Token(_)));
    store.publish("entry", FIRST, &BytePublication::Released).await.unwrap();
    assert!(read::<Option<String>>(server.ask(&["HGET", KEY, "holder"]).await).is_none());
    store.remove("entry").await.unwrap();
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert!(matches!(claim(&store, SECOND).await.unwrap(), ByteClaimed::Won(_)));
}

#[tokio::test]
async fn a_replica_that_is_read_only_is_named() {
    if !server::is_there() {
        return;
    }
    let primary = Server::start(&[]);
    let replica = Server::start(&["--replicaof", "127.0.0.1", &primary.port().to_string()]);
    let store = replica.store();
    let shown = text(claim(&store, FIRST).await);
    assert!(shown.contains("is a read-only replica; name the primary in the URL"), "{shown}");
    let shown = text(store.remove("entry").await);
    assert!(shown.contains("is a read-only replica"), "{shown}");
}

/// A hardened server has renamed some, and a Sentinel has none of them.
#[tokio::test]
async fn a_server_that_lacks_a_command_is_named_with_the_commands() {
    if !server::is_there() {
        return;
    }
    for command in ["EVALSHA", "EVAL", "TIME", "HMGET", "HSET"] {
        let server = Server::start(&["--rename-command", command, ""]);
        let shown = text(claim(&server.store(), FIRST).await);
        assert!(shown.contains("does not know a command that the store needs; "), "{command}: {shown}");
        assert!(shown.contains(command), "{command}: {shown}");
    }
}

//! Providers over a server that answers with anything: they go on, and show nothing of it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use cg_auth_core::{causes::cause_chain, token::Event};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_redis::{ByteStore as _, RedisStore, Sealed};

use super::{
    providers::provider_over,
    raw_server::{Answer, Command, REMOVED, RawServer, TIME},
    server::PATIENT,
};

/// What a server answers, with a name for the message of a failure.
fn answers() -> Vec<(&'static str, Answer)> {
    let bytes = |text: &str| Answer::Bytes(text.as_bytes().to_vec());
    let last = |text: &str| Answer::Last(text.as_bytes().to_vec());
    let error = |code: &str| bytes(&format!("-{code} redis://app:pass-word@127.0.0.1 pass-word\r\n"));
    vec![
        ("an endless string", Answer::Endless([b"$2000000000\r\n", &[b'x'; 65_536][..]].concat())),
        ("an endless line", Answer::Endless(vec![b'+'; 65_536])),
        ("nested arrays", bytes(&"*1\r\n".repeat(10_000))),
        ("a wide array", bytes("*2147483647\r\n")),
        ("a push message", bytes(">2\r\n$9\r\npass-word\r\n$1\r\nx\r\n")),
        ("a map", bytes("%1\r\n$9\r\npass-word\r\n:1\r\n")),
        ("a text", bytes("$9\r\npass-word\r\n")),
        ("a number", bytes(":1\r\n")),
        ("nothing", bytes("$-1\r\n")),
        ("an empty array", bytes("*0\r\n")),
        ("the reply to a publication", bytes("*2\r\n:1\r\n$4\r\ndone\r\n")),
        ("always too late", bytes("*2\r\n:1\r\n$4\r\nlate\r\n")),
        ("two replies", bytes("*2\r\n:1\r\n$4\r\nfree\r\n*2\r\n:1\r\n$4\r\nfree\r\n")),
        ("replies without an end", Answer::Endless(b"*2\r\n:1\r\n$4\r\nfree\r\n".repeat(1_000))),
        ("half a reply", bytes("*5\r\n:1\r\n$5\r\ntoken\r\n$9\r\npass-word")),
        ("half a reply and the end", last("*5\r\n:1\r\n$5\r\ntoken\r\n$9\r\npass-word")),
        ("no reply", bytes("")),
        ("the end", last("")),
        ("HTTP", last("HTTP/1.1 400 Bad Request\r\n\r\npass-word")),
        ("MOVED", error("MOVED")),
        ("LOADING", error("LOADING")),
        ("READONLY", error("READONLY")),
        ("NOAUTH", error("NOAUTH")),
        ("NOPERM", error("NOPERM")),
        ("OOM", error("OOM")),
        ("BUSY", error("BUSY")),
        ("NOSCRIPT", error("NOSCRIPT")),
        ("ERR", error("ERR")),
        ("an unknown error", error("pass-word")),
        ("an error and the end", last("-ERR pass-word\r\n")),
    ]
}

/// A server that misbehaves while the flag is set, after a login that it accepts.
async fn misbehaving(answer: Answer) -> (RawServer, Arc<AtomicBool>) {
    let misbehaves = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&misbehaves);
    let answer = move |command: &Command| match &*command[0] {
        b"AUTH" => Answer::Bytes(b"+OK\r\n".into()),
        b"TIME" => Answer::Bytes(TIME.into()),
        _ if flag.load(Ordering::Relaxed) => answer.clone(),
        _ => Answer::Bytes(REMOVED.into()),
    };
    (RawServer::start(answer).await, misbehaves)
}

async fn survives(what: &str, answer: Answer) {
    let emulator = Emulator::start().await.unwrap();
    let (server, misbehaves) = misbehaving(answer).await;
    let store = RedisStore::new(server.url("app:pass-word@").parse().unwrap());
    let provider = provider_over(&emulator, Sealed::new(store.clone()));
    let shown = Arc::new(Mutex::new(String::new()));
    let texts = Arc::clone(&shown);
    provider.on_event(move |event| {
        let mut texts = texts.lock().unwrap();
        *texts += &format!("{event:?}\n");
        if let Event::StoreUnavailable { error, .. } = event {
            *texts += &format!("{}\n", cause_chain(error));
        }
    });

    let token = tokio::time::timeout(PATIENT, provider.token()).await;
    let token = token.unwrap_or_else(|_| panic!("{what}: no token")).unwrap();
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1, "{what}");
    provider.shutdown().await;

    let shown = shown.lock().unwrap().clone() + &format!("{:?} {store:?}", provider.state());
    assert!(shown.contains("the token store is unavailable: "), "{what}: {shown}");
    let secret = emulator.credential().client_secret().expose_secret();
    for secret in ["pass-word", "app:", secret, token.expose_secret()] {
        assert!(!shown.contains(secret), "{what}: {shown}");
    }

    // The same store works once its server does.
    misbehaves.store(false, Ordering::Relaxed);
    let works = async { while store.remove("entry").await.is_err() {} };
    tokio::time::timeout(PATIENT, works).await.unwrap_or_else(|_| panic!("{what}: the store is lost"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_server_answers_a_provider_goes_on_and_shows_no_secret() {
    for (what, answer) in answers() {
        survives(what, answer).await;
    }
}

//! Operations that the server carries out late, and clocks of servers that are set.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cg_auth_core::token::store::{Holder, Published};
use cg_auth_redis::{ByteStore, RedisStore};
use cg_auth_store::byte_store::{ByteClaim, ByteClaimed};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{
    entries::{FIRST, claim, publish_token, text},
    server::{self, PATIENT, Server},
};

const SECOND: Holder = Holder::new(2);
const MINUTE: Duration = Duration::from_secs(60);

/// The server stands still, gets the operations and goes on once their programs have given them up.
#[cfg(unix)]
#[tokio::test]
async fn what_a_frozen_server_does_once_it_goes_on_changes_nothing() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let patient = server.store();
    let limited = || server.store().with_operation_limit(Duration::from_secs(2));
    let (claiming, publishing, removing) = (limited(), limited(), limited());
    for store in [&claiming, &publishing, &removing] {
        store.inspect("entry").await.unwrap();
    }
    publish_to(&patient, "removed", MINUTE).await;
    server.freeze();
    let (claimed, published, removed) =
        tokio::join!(claim(&claiming, FIRST), publish_token(&publishing, MINUTE), removing.remove("removed"));
    for shown in [text(claimed), text(published), text(removed)] {
        assert!(shown.contains("did not answer within 2s"), "{shown}");
    }
    server.thaw();
    // Each connection of a server has its turn before one that is opened later.
    for _ in 0..3 {
        server.ask(&["PING"]).await;
    }
    let entry = patient.inspect("entry").await.unwrap();
    assert!(entry.lease.is_none() && entry.token.is_none(), "{entry:?}");
    assert!(patient.inspect("removed").await.unwrap().token.is_some());
    assert!(matches!(claim(&patient, SECOND).await, Ok(ByteClaimed::Won(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn the_way_of_a_publication_does_not_lengthen_the_life_of_its_token() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    store.inspect("entry").await.unwrap();
    server.freeze();
    let mut publication = pin!(publish_token(&store, MINUTE));
    let waits = Duration::from_secs(1);
    let is_early = tokio::select! {
        biased;
        _ = publication.as_mut() => true,
        () = tokio::time::sleep(waits) => false,
    };
    assert!(!is_early, "a frozen server answers");
    server.thaw();
    assert_eq!(publication.await.unwrap(), Published::Done);
    let ByteClaimed::Token(token) = claim(&store, SECOND).await.unwrap() else { panic!("no token") };
    assert!(token.left <= MINUTE - waits, "{:?}", token.left);
    assert!(token.left > MINUTE / 2, "{:?}", token.left);
}

/// A server whose clock is set, and set back, between any two operations.
#[tokio::test]
async fn a_clock_that_is_set_costs_an_operation_one_more_round_trip() {
    let server = Jumpy::start().await;
    let store = server.store();
    for ahead in [0, 3600, -3600, 1, -1, 1 << 32, 0] {
        server.set_clock(ahead);
        assert!(matches!(claim(&store, FIRST).await, Ok(ByteClaimed::Free)), "{ahead}");
    }
    // The first one learns the time. A clock that was set back makes no operation late.
    let expected = ["TIME", "free", "late", "free", "free", "late", "free", "free", "late", "free", "free"];
    assert_eq!(server.answers(), expected);
}

#[tokio::test]
async fn a_clock_that_jumps_all_the_time_is_an_error() {
    let server = Jumpy::start().await;
    let store = server.store();
    server.set_step(3600);
    let shown = text(claim(&store, FIRST).await);
    assert!(shown.contains("was asked too late, or its clock jumps"), "{shown}");
    assert_eq!(server.answers(), ["TIME", "late", "late"]);
    server.set_step(0);
    assert!(matches!(claim(&store, FIRST).await, Ok(ByteClaimed::Free)));
}

#[tokio::test]
async fn another_server_at_the_address_has_a_clock_of_its_own() {
    let server = Jumpy::start().await;
    let store = server.store();
    let look = ByteClaim { holder: FIRST, held: None, unwanted: Vec::new(), lease: None };
    assert_eq!(store.claim("entry", &look).await.unwrap(), ByteClaimed::Free);
    server.set_clock(-86_400);
    server.close_connections();
    assert_eq!(store.claim("entry", &look).await.unwrap(), ByteClaimed::Free);
    assert_eq!(server.answers(), ["TIME", "free", "TIME", "free"]);
}

#[cfg(unix)]
async fn publish_to(store: &RedisStore, name: &str, left: Duration) {
    let token = cg_auth_store::byte_store::SealedToken { sealed: b"x".to_vec(), digest: [1; 16], left };
    let publication = cg_auth_store::byte_store::BytePublication::Token(token);
    store.publish(name, FIRST, &publication).await.unwrap();
}

/// A server that judges the deadline of each script by a clock that can be set, and answers that the entry is free.
struct Jumpy {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// How many seconds the clock is ahead, and how many more after each answer.
    ahead: AtomicI64,
    step: AtomicI64,
    answers: Mutex<Vec<&'static str>>,
    close: tokio::sync::Notify,
}

impl Jumpy {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (port, state) = (listener.local_addr().unwrap().port(), Arc::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    tokio::select! {
                        () = state.serve(stream) => {}
                        () = state.close.notified() => {}
                    }
                });
            }
        });
        Self { port, state }
    }

    fn store(&self) -> RedisStore {
        let url = format!("redis://127.0.0.1:{}", self.port).parse().unwrap();
        RedisStore::new(url).with_operation_limit(PATIENT)
    }

    fn set_clock(&self, seconds: i64) {
        self.state.ahead.store(seconds, Ordering::Relaxed);
    }

    fn set_step(&self, seconds: i64) {
        self.state.step.store(seconds, Ordering::Relaxed);
    }

    fn close_connections(&self) {
        self.state.close.notify_waiters();
    }

    fn answers(&self) -> Vec<&'static str> {
        self.state.answers.lock().unwrap().clone()
    }
}

impl State {
    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(command) = read_command(&mut stream).await {
            let now = self.now();
            let (what, reply) = match &*command[0] {
                "TIME" => {
                    let (seconds, micros) =
                        (format!("{}", now / 1_000_000), format!("{:06}", now % 1_000_000));
                    ("TIME", format!("*2\r\n${}\r\n{seconds}\r\n$6\r\n{micros}\r\n", seconds.len()))
                }
                // The script, the number of keys, the key, when it began, and its deadline.
                "EVALSHA" if now > command[5].parse().unwrap() => {
                    ("late", format!("*2\r\n:{now}\r\n$4\r\nlate\r\n"))
                }
                "EVALSHA" => ("free", format!("*2\r\n:{now}\r\n$4\r\nfree\r\n")),
                other => panic!("{other}"),
            };
            self.answers.lock().unwrap().push(what);
            self.ahead.fetch_add(self.step.load(Ordering::Relaxed), Ordering::Relaxed);
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    }

    /// In microseconds.
    fn now(&self) -> i64 {
        #[allow(clippy::disallowed_methods)] // the clock of a server
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(now.as_micros()).unwrap() + self.ahead.load(Ordering::Relaxed) * 1_000_000
    }
}

/// `None` at the end of the connection.
async fn read_command(stream: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let mut command = Vec::new();
    for _ in 0..read_number(stream).await? {
        let mut part = vec![0; read_number(stream).await? + 2];
        stream.read_exact(&mut part).await.ok()?;
        part.truncate(part.len() - 2);
        command.push(String::from_utf8_lossy(&part).into_owned());
    }
    Some(command)
}

/// The number in a line such as `*3` or `$7`.
async fn read_number(stream: &mut BufReader<TcpStream>) -> Option<usize> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    line.trim_end().get(1..)?.parse().ok()
}

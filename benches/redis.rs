//! A store on Redis: an acquisition with it against one without, as the floor, and how often each process of a fleet
//! asks it. The service is the emulator, and the server is a `redis-server` of its own; without one the benchmark says
//! so and ends.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)] // a bench may panic and print

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_benches::interleaved::Contest;
use cg_auth_core::{
    time::Now,
    token::store::{
        Claim, Claimed, EntryOwner, Holder, Publication, Published, StoreEntry, StoreError, TokenStore,
    },
};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::{AuthClient, HyperTransport, TokenProvider};
use cg_auth_redis::{RedisStore, Sealed, redis_store};
use tokio::{runtime::Builder, time::sleep};

fn main() {
    let Some(server) = Server::start() else {
        println!("skipped: redis-server is not installed; apt-get install redis-server");
        return;
    };
    acquisitions(&server);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for answer in [0, 100, 300, 1_000].map(Duration::from_millis) {
        runtime.block_on(cold_start(&server, answer));
    }
    runtime.block_on(expiries(&server));
}

fn acquisitions(server: &Server) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let emulator = runtime.block_on(Emulator::start()).unwrap();
    let (base_url, credential) = (emulator.base_url(), emulator.credential());
    let (user, secret) = (credential.user_principal_name(), credential.client_secret());
    let client = AuthClient::new(base_url.clone(), HyperTransport::new().unwrap());
    let store = server.store();
    let entry = store.entry(&EntryOwner::new(base_url, user, secret));
    let provider = || TokenProvider::new(client.clone(), user.clone(), secret.clone());

    let mut contest = Contest::new();
    contest.add("floor: without a store", || {
        runtime.block_on(provider().token()).unwrap();
    });
    contest.add("with Redis: remove, claim, publish", || {
        runtime.block_on(async {
            // Makes room for the next acquisition.
            store.remove(&entry).await.unwrap();
            let provider = provider().with_store(store.clone());
            provider.token().await.unwrap();
            // A caller does not wait for the publication. This turn does.
            provider.shutdown().await;
        });
    });
    contest.add("with Redis: claim, which adopts", || {
        runtime.block_on(provider().with_store(store.clone()).token()).unwrap();
    });
    contest.add("one operation of the store alone", || {
        runtime.block_on(store.inspect(&entry)).unwrap();
    });
    contest.run("an acquisition over loopback", ROUNDS);
}

/// All processes start at once, and the service answers after `answer`.
async fn cold_start(server: &Server, answer: Duration) {
    let emulator = Emulator::start().await.unwrap();
    let _slow = emulator.next(Operation::GetDelegateAccessToken).always().delay(answer);
    let processes: Vec<_> = (0..PROCESSES).map(|_| Process::new(server, &emulator)).collect();
    let call = |process: &Process| {
        let provider = process.provider.clone();
        tokio::spawn(async move { provider.token().await })
    };
    let calls: Vec<_> = processes.iter().map(call).collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let title = format!("a cold start of {PROCESSES} processes, the service answers after {answer:?}");
    report(&title, &emulator, &processes, 1.0).await;
}

/// All processes ask for the token again and again, while a few tokens expire.
async fn expiries(server: &Server) {
    let emulator = Emulator::builder().token_lifetime(LIFETIME).start().await.unwrap();
    let processes: Vec<_> = (0..PROCESSES).map(|_| Process::new(server, &emulator)).collect();
    let end = Now::system().monotonic() + EXPIRIES * LIFETIME;
    let calls: Vec<_> = processes
        .iter()
        .map(|process| {
            let provider = process.provider.clone();
            tokio::spawn(async move {
                while Now::system().monotonic() < end {
                    provider.token().await.unwrap();
                    sleep(BETWEEN_CALLS).await;
                }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let acquired = emulator.count(Operation::GetDelegateAccessToken) as f64;
    let title = format!("{PROCESSES} processes, tokens of {LIFETIME:?}, for each token");
    report(&title, &emulator, &processes, acquired).await;
}

async fn report(title: &str, emulator: &Emulator, processes: &[Process], times: f64) {
    for process in processes {
        process.provider.shutdown().await;
    }
    let mut counts: Vec<_> = processes.iter().map(|it| it.operations.load(Ordering::Relaxed)).collect();
    counts.sort_unstable();
    let (median, most) = (counts[counts.len() / 2] as f64 / times, counts[counts.len() - 1] as f64 / times);
    let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64 / times;
    println!(
        "\n{title}:\n  {} acquisitions; operations of the store by one process: median {median:.1}, mean {mean:.1}, \
         most {most:.1}",
        emulator.count(Operation::GetDelegateAccessToken)
    );
}

/// A provider with client and connections of its own, as another process has them.
struct Process {
    provider: TokenProvider,
    operations: Arc<AtomicU64>,
}

impl Process {
    fn new(server: &Server, emulator: &Emulator) -> Self {
        let (operations, credential) = (Arc::<AtomicU64>::default(), emulator.credential());
        let client = AuthClient::new(emulator.base_url().clone(), HyperTransport::new().unwrap());
        let (user, secret) = (credential.user_principal_name(), credential.client_secret());
        let store = Counted { store: server.store(), operations: Arc::clone(&operations) };
        let provider = TokenProvider::new(client, user.clone(), secret.clone()).with_store(store);
        Self { provider, operations }
    }
}

/// Counts the operations.
#[derive(Debug)]
struct Counted {
    store: Sealed<RedisStore>,
    operations: Arc<AtomicU64>,
}

impl Counted {
    fn counted(&self) -> &Sealed<RedisStore> {
        self.operations.fetch_add(1, Ordering::Relaxed);
        &self.store
    }
}

#[async_trait]
impl TokenStore for Counted {
    fn entry(&self, owner: &EntryOwner<'_>) -> StoreEntry {
        self.store.entry(owner)
    }

    async fn claim(&self, entry: &StoreEntry, claim: &Claim) -> Result<Claimed, StoreError> {
        self.counted().claim(entry, claim).await
    }

    async fn publish(
        &self,
        entry: &StoreEntry,
        holder: Holder,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        self.counted().publish(entry, holder, publication).await
    }

    async fn remove(&self, entry: &StoreEntry) -> Result<(), StoreError> {
        self.counted().remove(entry).await
    }
}

/// A server without data on disk, on a free port.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Option<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let port_argument = port.to_string();
        let mut child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port_argument, "--save", "", "--appendonly", "no"])
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(log.any(|line| line.contains("Ready to accept connections")), "redis-server does not start");
        std::thread::spawn(move || log.for_each(drop));
        Some(Self { child, port })
    }

    fn store(&self) -> Sealed<RedisStore> {
        redis_store(&format!("redis://127.0.0.1:{}", self.port)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

const ROUNDS: usize = 501;
const PROCESSES: usize = 100;
const LIFETIME: Duration = Duration::from_secs(10);
const EXPIRIES: u32 = 4;
const BETWEEN_CALLS: Duration = Duration::from_millis(50);

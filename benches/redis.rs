//! An acquisition with a store on Redis against one without a store, as the floor. The service is the emulator, and
//! the server is a `redis-server` of its own; without one the benchmark says so and ends.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)] // a bench may panic and print

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use cg_auth_benches::interleaved::Contest;
use cg_auth_core::token::store::{EntryOwner, TokenStore as _};
use cg_auth_emulator::Emulator;
use cg_auth_hyper::{AuthClient, HyperTransport, TokenProvider};
use cg_auth_redis::redis_store;
use tokio::runtime::Builder;

fn main() {
    let Some(server) = Server::start() else {
        println!("skipped: redis-server is not installed; apt-get install redis-server");
        return;
    };
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let emulator = runtime.block_on(Emulator::start()).unwrap();
    let (base_url, credential) = (emulator.base_url(), emulator.credential());
    let (user, secret) = (credential.user_principal_name(), credential.client_secret());
    let client = AuthClient::new(base_url.clone(), HyperTransport::new().unwrap());
    let store = redis_store(&format!("redis://127.0.0.1:{}", server.port)).unwrap();
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
            provider().with_store(store.clone()).token().await.unwrap();
        });
    });
    contest.add("with Redis: claim, which adopts", || {
        runtime.block_on(provider().with_store(store.clone()).token()).unwrap();
    });
    contest.run("an acquisition over loopback", ROUNDS);
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
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

const ROUNDS: usize = 501;

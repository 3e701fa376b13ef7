//! Two processes that share a token on a Redis server. The second one sends nothing to the service.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{
    error::Error,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::{AuthClient, HyperTransport};
use cg_auth_redis::{TokenProvider, redis_store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(server) = Server::start()? else {
        println!("skipped: redis-server is not installed; apt-get install redis-server");
        return Ok(());
    };
    let emulator = Emulator::start().await?;
    let credential = emulator.credential();
    let process = || -> Result<TokenProvider, Box<dyn Error>> {
        let client = AuthClient::new(emulator.base_url().clone(), HyperTransport::new()?);
        let (user, secret) = (credential.user_principal_name(), credential.client_secret());
        // On another machine: rediss://USER:PASSWORD@HOST.
        let store = redis_store(&format!("redis://127.0.0.1:{}", server.port))?;
        Ok(TokenProvider::new(client, user.clone(), secret.clone()).with_store(store))
    };

    let (first, second) = (process()?, process()?);
    let token = first.token().await?;
    assert_eq!(second.token().await?.expose_secret(), token.expose_secret());
    println!("2 processes, {} request", emulator.count(Operation::GetDelegateAccessToken));
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
    Ok(())
}

/// A server without data on disk, on a free port.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// `None` if none is installed.
    fn start() -> Result<Option<Self>, Box<dyn Error>> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let arguments = ["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string()];
        let mut server = Command::new("redis-server");
        let Ok(mut child) = server.args(arguments).stdout(Stdio::piped()).spawn() else { return Ok(None) };
        let log = child.stdout.take().ok_or("the log is not piped")?;
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let is_ready = lines.any(|line| line.contains("Ready to accept connections"));
        std::thread::spawn(move || lines.for_each(drop));
        is_ready.then_some(Some(Self { child, port })).ok_or_else(|| "redis-server does not start".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

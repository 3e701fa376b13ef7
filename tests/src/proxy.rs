//! [`Proxy`]: the `connect-proxy` of this package, in a process of its own.

use std::{net::SocketAddr, process::Stdio};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// A running proxy. Dropping it ends the process.
#[derive(Debug)]
pub struct Proxy {
    scheme: &'static str,
    port: u16,
    ca_pem: Option<String>,
    seen: Vec<String>,
    commands: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Proxy {
    /// A proxy without routes. `program` is `env!("CARGO_BIN_EXE_connect-proxy")`, which cargo sets for the
    /// integration tests of this package only.
    #[must_use]
    pub fn builder(program: &str) -> ProxyBuilder {
        ProxyBuilder { command: Command::new(program), tls: None }
    }

    /// The URL of the proxy.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// The URL of the proxy with a login, which the caller has percent-encoded.
    #[must_use]
    pub fn url_with(&self, user: &str, password: &str) -> String {
        format!("{}://{user}:{password}@127.0.0.1:{}", self.scheme, self.port)
    }

    /// With TLS, the root certificate to trust.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// One line per request so far: method, target, `right`, `wrong` or `no` for the login, and the status of
    /// the answer.
    pub async fn seen(&mut self) -> &[String] {
        // The proxy writes the line of a request before it answers the request, so all lines precede the
        // empty line.
        self.commands.write_all(b"\n").await.unwrap();
        loop {
            let line = self.lines.next_line().await.unwrap().expect("the proxy runs");
            if line.is_empty() {
                return &self.seen;
            }
            self.seen.push(line);
        }
    }
}

/// The options of a [`Proxy`].
#[derive(Debug)]
pub struct ProxyBuilder {
    command: Command,
    tls: Option<TempDir>,
}

impl ProxyBuilder {
    /// Connects to `address` in place of `authority`, a host and a port.
    #[must_use]
    pub fn route(self, authority: &str, address: SocketAddr) -> Self {
        self.args(&["--route", &format!("{authority}={address}")])
    }

    /// Requires this login.
    #[must_use]
    pub fn credentials(self, user: &str, password: &str) -> Self {
        self.args(&["--credentials", &format!("{user}:{password}")])
    }

    /// Answers every CONNECT with `status`.
    #[must_use]
    pub fn refusing(self, status: u16) -> Self {
        self.args(&["--refuse", &status.to_string()])
    }

    /// Speaks TLS to its clients.
    #[must_use]
    pub fn tls(self) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("ca.pem");
        Self { tls: Some(directory), ..self.args(&["--tls", file.to_str().unwrap()]) }
    }

    /// Starts it.
    pub async fn start(mut self) -> Proxy {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = self.command.spawn().unwrap();
        let commands = process.stdin.take().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().expect("a port").parse().unwrap();
        let ca_pem = self.tls.map(|tls| std::fs::read_to_string(tls.path().join("ca.pem")).unwrap());
        let scheme = if ca_pem.is_some() { "https" } else { "http" };
        Proxy { scheme, port, ca_pem, seen: Vec::new(), commands, lines, _process: process }
    }

    fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }
}

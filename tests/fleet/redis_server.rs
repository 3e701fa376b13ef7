//! [`RedisServer`]: a `redis-server` on a free port of this machine.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Write as _},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread,
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{Place, rig::send};

/// A server without data on disk. It is killed when it is dropped.
pub(crate) struct RedisServer {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl RedisServer {
    /// `None` if the program is not installed.
    pub(crate) fn start() -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let started = (0..PORTS).find_map(|_| {
            let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
            Some((spawn(&folder, port)?, port))
        });
        let (child, port) = started.expect("a free port");
        Some(Self { child, folder, port })
    }
}

impl Place for RedisServer {
    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The server stands still. Its connections stay open, and nothing answers.
    fn be_unusable(&mut self, duration: Duration) {
        send(self.child.id(), Signal::STOP);
        thread::sleep(duration);
        send(self.child.id(), Signal::CONT);
    }

    /// The server ends, and another one starts on its port.
    fn be_lost(&mut self, duration: Duration) {
        self.end();
        thread::sleep(duration);
        self.child = spawn(&self.folder, self.port).expect("the port is free");
    }
}

impl RedisServer {
    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// CI demands the program. Elsewhere the tests say once that it is missing, and pass.
fn is_installed() -> bool {
    static IS_INSTALLED: LazyLock<bool> = LazyLock::new(|| {
        let is_installed = Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status().is_ok();
        if !is_installed {
            // Not captured, unlike what a macro prints.
            let _ = writeln!(
                io::stderr(),
                "skipped: {PROGRAM} is not installed, so the tests over it check nothing and count as passed; \
                 apt-get install redis-server"
            );
        }
        is_installed
    });
    let is_demanded = env::var_os("CG_AUTH_TEST_TOOLS").is_some_and(|wanted| wanted == "all");
    assert!(
        *IS_INSTALLED || !is_demanded,
        "{PROGRAM} is not installed, and CG_AUTH_TEST_TOOLS=all demands it"
    );
    *IS_INSTALLED
}

/// A server that takes connections. `None` if another process has taken the port.
fn spawn(folder: &TempDir, port: u16) -> Option<Child> {
    let mut child = Command::new(PROGRAM)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no", "--dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    if log.by_ref().any(|line| line.contains("Ready to accept connections")) {
        // The server would stop once the pipe of an unread log is full.
        thread::spawn(move || log.for_each(drop));
        return Some(child);
    }
    child.wait().unwrap();
    None
}

const PROGRAM: &str = "redis-server";
const PORTS: usize = 20;

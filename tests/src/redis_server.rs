//! [`RedisServer`]: a `redis-server` on a free port of this machine.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Write as _},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A server without data on disk. It is killed when it is dropped.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    folder: TempDir,
    arguments: Vec<String>,
    port: u16,
}

impl RedisServer {
    /// A server with these further arguments, in which `{port}` stands for its port. It takes connections when this
    /// returns. `None` if the program is not installed; CI demands it.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let started = (0..PORTS).find_map(|_| {
            let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
            Some((spawn(&folder, port, &arguments)?, port))
        });
        let (child, port) = started.expect("a free port");
        Some(Self { child, folder, arguments, port })
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The plain URL, without a login.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Stops the process, so that its connections stay open and nothing answers.
    pub fn freeze(&self) {
        self.send(Signal::STOP);
    }

    /// Lets a frozen process go on.
    pub fn thaw(&self) {
        self.send(Signal::CONT);
    }

    /// Kills the process. Nothing listens on its port any more.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts a stopped server again on its port, without the data of its last run.
    pub fn start_again(&mut self) {
        self.child = spawn(&self.folder, self.port, &self.arguments).expect("the port is free");
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
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
fn spawn(folder: &TempDir, port: u16, arguments: &[String]) -> Option<Child> {
    let port = port.to_string();
    let mut command = Command::new(PROGRAM);
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir"]);
    command.arg(folder.path());
    if !arguments.iter().any(|argument| argument == "--port") {
        command.args(["--port", &port]);
    }
    command.args(arguments.iter().map(|argument| argument.replace("{port}", &port)));
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut log = String::new();
    for line in lines.by_ref() {
        if line.contains("Ready to accept connections") {
            // The server would stop once the pipe of an unread log is full.
            thread::spawn(move || lines.for_each(drop));
            return Some(child);
        }
        log += &format!("{line}\n");
    }
    child.wait().unwrap();
    assert!(log.contains("Address already in use"), "{PROGRAM} does not start:\n{log}");
    None
}

const PROGRAM: &str = "redis-server";
const PORTS: usize = 20;

//! [`Server`]: a `redis-server` that a test starts on a free port of this machine.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::Duration,
};

use cg_auth_redis::RedisStore;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, aio::MultiplexedConnection};
use tempfile::TempDir;

/// A server without data on disk. It is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    arguments: Vec<String>,
    port: u16,
}

/// Whether there is a server to start. CI demands one. Elsewhere the tests say once that it is missing, and pass.
pub(crate) fn is_there() -> bool {
    static IS_THERE: LazyLock<bool> = LazyLock::new(|| {
        let is_there = Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status().is_ok();
        if !is_there {
            // Not captured, unlike what a macro prints.
            let _ = writeln!(
                io::stderr(),
                "skipped: {PROGRAM} is not installed, so the tests over it check nothing and count as passed; \
                 apt-get install redis-server"
            );
        }
        is_there
    });
    let is_demanded = std::env::var_os("CG_AUTH_TEST_TOOLS").is_some_and(|wanted| wanted == "all");
    assert!(*IS_THERE || !is_demanded, "{PROGRAM} is not installed, and CG_AUTH_TEST_TOOLS=all demands it");
    *IS_THERE
}

impl Server {
    /// A server with these further arguments, which takes connections when this returns.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..ATTEMPTS {
            let port = free_port();
            if let Some(child) = spawn(folder.path(), port, &arguments) {
                return Self { child, folder, arguments, port };
            }
        }
        panic!("{PROGRAM} found no free port");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Without a login.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A store over it, patient with a machine that is busy.
    pub(crate) fn store(&self) -> RedisStore {
        RedisStore::new(self.url().parse().unwrap()).with_operation_limit(PATIENT)
    }

    /// Kills the server, and returns what starts it again on its port.
    pub(crate) fn stop(mut self) -> Stopped {
        self.end();
        Stopped(self)
    }

    /// Stops the process, so that its connections stay open and nothing answers.
    #[cfg(unix)]
    pub(crate) fn freeze(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    #[cfg(unix)]
    pub(crate) fn thaw(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// The reply to a command, on a connection of its own.
    pub(crate) async fn ask(&self, command: &[&str]) -> redis::Value {
        self.ask_as(&RedisConnectionInfo::default(), command).await
    }

    /// The same after a login.
    pub(crate) async fn ask_as(&self, info: &RedisConnectionInfo, command: &[&str]) -> redis::Value {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let opened = MultiplexedConnection::new_with_config(info, stream, config).await;
        let (mut connection, driver) = opened.unwrap();
        let driver = tokio::spawn(driver);
        let mut packed = redis::cmd(command[0]);
        packed.arg(&command[1..]);
        let reply = connection.send_packed_command(&packed).await.unwrap();
        driver.abort();
        reply
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// A server that does not run.
pub(crate) struct Stopped(Server);

impl Stopped {
    /// Starts it again on its port, without the data of its last run.
    pub(crate) fn start(mut self) -> Server {
        self.0.child =
            spawn(self.0.folder.path(), self.0.port, &self.0.arguments).expect("the port is taken");
        self.0
    }
}

/// `None` if another process has taken the port.
fn spawn(folder: &Path, port: u16, arguments: &[String]) -> Option<Child> {
    let port = port.to_string();
    let mut command = Command::new(PROGRAM);
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"]);
    command.arg("--dir").arg(folder);
    if !arguments.iter().any(|argument| argument == "--tls-port") {
        command.args(["--port", &port]);
    }
    command.args(arguments.iter().map(|argument| argument.replace("{port}", &port)));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut log = String::new();
    let mut lines = lines.map_while(Result::ok);
    for line in lines.by_ref() {
        if line.contains("Ready to accept connections") {
            // The server would stop once the pipe of an unread log is full.
            std::thread::spawn(move || lines.for_each(drop));
            return Some(child);
        }
        log += &format!("{line}\n");
    }
    child.wait().unwrap();
    assert!(log.contains("Address already in use"), "{PROGRAM} does not start:\n{log}");
    None
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Writes a file of the server.
pub(crate) fn write(path: &Path, text: &str) -> String {
    fs::write(path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const PROGRAM: &str = "redis-server";
const ATTEMPTS: usize = 20;
/// Ten times what an operation may take in production, and more.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);

//! The other end of the calls over loopback: a process of its own that answers every request alike. It does as
//! little as it can, so that the client is what limits the rate.

use std::{
    env,
    io::{self, BufRead, BufReader, Read},
    net::SocketAddr,
    process::{self, Child, Command, Stdio},
    thread,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
};

/// A running server. It ends when this value is dropped.
#[derive(Debug)]
pub struct LoopbackServer {
    process: Child,
    address: SocketAddr,
}

impl LoopbackServer {
    /// Starts this program again as the server. The program calls [`serve_if_started`] first.
    #[must_use]
    pub fn start() -> Self {
        let program = env::current_exe().unwrap();
        let mut process = Command::new(program)
            .env(VARIABLE, "1")
            .stdout(Stdio::piped())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, address: line.trim().parse().unwrap() }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for LoopbackServer {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Is the server, and never returns, if [`LoopbackServer::start`] started this process.
pub fn serve_if_started() {
    be_the_server_if_started(async |listener| {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            tokio::spawn(answer_all(connection));
        }
    });
}

/// Runs `serve` with a listener, and never returns, if [`LoopbackServer::start`] started this process.
#[allow(clippy::print_stdout)] // tells the other process the address
pub fn be_the_server_if_started(serve: impl AsyncFnOnce(TcpListener)) {
    if env::var_os(VARIABLE).is_none() {
        return;
    }
    // The end of the other process, however it comes, closes the pipe.
    thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        process::exit(0);
    });
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        serve(listener).await;
    });
    process::exit(0);
}

/// The body of each answer, 1.6 KB as the service sends it.
#[must_use]
pub fn body() -> String {
    let (access, refresh) = ("eyJhbGciOiJIUzI1NiJ9".repeat(50), "cmVmcmVzaC10b2tlbg==".repeat(24));
    format!(
        r#"{{"value":{{"access_token":"{access}","refresh_token":"{refresh}","duration":3600}},"isSuccess":true,"errorMsg":null}}"#
    )
}

async fn answer_all(mut connection: TcpStream) {
    connection.set_nodelay(true).unwrap();
    let body = body();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\
         date: Tue, 03 Mar 2026 10:00:00 GMT\r\nserver: bench\r\n\r\n{body}",
        body.len()
    );
    let (mut buffer, mut filled) = ([0; 4096], 0);
    loop {
        match connection.read(&mut buffer[filled..]).await {
            Ok(0) | Err(_) => return,
            Ok(read) => filled += read,
        }
        if path_of_whole_request(&buffer[..filled]).is_some() {
            filled = 0;
            if connection.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// The path, if `request` has its whole body. Each client of the benchmarks waits for an answer before it sends
/// more.
#[must_use]
pub fn path_of_whole_request(request: &[u8]) -> Option<&str> {
    let head = request.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let name = b"content-length: ";
    let length = request[..head]
        .windows(name.len())
        .position(|bytes| bytes.eq_ignore_ascii_case(name))
        .map_or(0, |at| {
            let digits = request[at + name.len()..].iter().take_while(|byte| byte.is_ascii_digit());
            digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
        });
    (request.len() >= head + 4 + length).then(|| {
        let line = request.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        std::str::from_utf8(line).unwrap_or_default()
    })
}

const VARIABLE: &str = "CG_AUTH_BENCH_SERVER";

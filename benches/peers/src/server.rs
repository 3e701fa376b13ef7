//! [`Service`] over HTTP/1.1: in a process of its own for the calls over loopback, and in this one for the peers
//! that bring their own HTTP client. It does as little as it can, so that the client limits the rate.

use std::{
    env, io,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    runtime::Builder,
    task::JoinHandle,
};

use crate::service::{Service, Shape};

/// A server in a process of its own. It ends when this value is dropped.
pub struct ServerProcess {
    process: Child,
    pub address: SocketAddr,
}

impl ServerProcess {
    /// Starts this program again as the server. The program calls [`serve_if_started`] first.
    pub fn start() -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .env(VARIABLE, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, address: line.trim().parse().unwrap() }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is the server, and never returns, if [`ServerProcess::start`] started this process.
pub fn serve_if_started() {
    if env::var_os(VARIABLE).is_some() {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let service = Service::new();
            // No subject takes such a token for valid, so each of them asks again.
            service.set_lifetime(1);
            let (address, server) = listen(service).await;
            println!("{address}");
            server.await.unwrap();
        });
    }
}

/// Answers on loopback from a background task.
pub async fn listen(service: Arc<Service>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let _ = connection.set_nodelay(true);
            tokio::spawn(answer_all(connection, Arc::clone(&service)));
        }
    });
    (address, server)
}

/// Answers each request of a connection. Every client waits for an answer before it sends more.
pub async fn answer_all(
    mut connection: impl AsyncRead + AsyncWrite + Unpin,
    service: Arc<Service>,
) -> io::Result<()> {
    let (mut buffer, mut filled) = ([0; 4096], 0);
    let mut head = Vec::with_capacity(4096);
    loop {
        match connection.read(&mut buffer[filled..]).await? {
            0 => return Ok(()),
            read => filled += read,
        }
        let Some(path) = path_of_whole_request(&buffer[..filled]) else { continue };
        let answer = service.answer(Shape::of_path(path)).await;
        filled = 0;
        head.clear();
        head.extend_from_slice(b"HTTP/1.1 ");
        head.extend_from_slice(answer.status().as_str().as_bytes());
        head.extend_from_slice(b" -\r\ncontent-type: application/json\r\ncontent-length: ");
        head.extend_from_slice(answer.body().len().to_string().as_bytes());
        head.extend_from_slice(b"\r\n\r\n");
        head.extend_from_slice(answer.body());
        connection.write_all(&head).await?;
    }
}

/// The path, if `request` has its whole body.
fn path_of_whole_request(request: &[u8]) -> Option<&str> {
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

const VARIABLE: &str = "CG_AUTH_PEERS_SERVER";

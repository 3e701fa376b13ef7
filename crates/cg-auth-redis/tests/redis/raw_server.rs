//! [`RawServer`]: the other end of a connection, whose answers a test writes byte by byte.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use cg_auth_redis::RedisStore;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::server::PATIENT;

/// The name of a command and its arguments.
pub(crate) type Command = Vec<Vec<u8>>;

/// What the server does with a command.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Bytes(Vec<u8>),
    /// The bytes again and again, for as long as they are taken.
    Endless(Vec<u8>),
    /// The bytes, and the end of the connection.
    Last(Vec<u8>),
}

/// It answers for as long as the runtime of the test lives.
pub(crate) struct RawServer {
    address: SocketAddr,
    sent: Arc<AtomicUsize>,
    open: watch::Receiver<usize>,
    connections: Arc<AtomicUsize>,
}

impl RawServer {
    pub(crate) async fn start(answer: impl Fn(&Command) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answer, sent) = (Arc::new(answer), Arc::<AtomicUsize>::default());
        let (counter, open) = watch::channel(0);
        let (counted, connections) = (Arc::clone(&sent), Arc::<AtomicUsize>::default());
        let accepted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, sent, counter) = (Arc::clone(&answer), Arc::clone(&counted), counter.clone());
                accepted.fetch_add(1, Ordering::Relaxed);
                counter.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    let _ = serve(stream, &*answer, &sent).await;
                    counter.send_modify(|open| *open -= 1);
                });
            }
        });
        Self { address, sent, open, connections }
    }

    /// One that answers every command alike.
    pub(crate) async fn answering(answer: Answer) -> Self {
        Self::start(move |_| answer.clone()).await
    }

    /// One that answers every script alike. It tells the time.
    pub(crate) async fn answering_scripts(answer: Answer) -> Self {
        Self::start(move |command| match &*command[0] {
            b"TIME" => Answer::Bytes(TIME.into()),
            _ => answer.clone(),
        })
        .await
    }

    /// One that says this to each connection, and closes it.
    pub(crate) async fn greeting(greeting: &'static [u8]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(greeting).await;
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        let (_, open) = watch::channel(0);
        Self { address, sent: Arc::default(), open, connections: Arc::default() }
    }

    /// With a login.
    pub(crate) fn url(&self, login: &str) -> String {
        format!("redis://{login}{}", self.address)
    }

    /// A store over it, patient with a machine that is busy.
    pub(crate) fn store(&self) -> RedisStore {
        RedisStore::new(self.url("").parse().unwrap()).with_operation_limit(PATIENT)
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Returns once so many connections are open.
    pub(crate) async fn has_open(&self, count: usize) {
        let mut open = self.open.clone();
        let is_reached = open.wait_for(|open| *open == count);
        tokio::time::timeout(PATIENT, is_reached).await.expect("connections are left").unwrap();
    }

    /// How many bytes the system has taken so far.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }
}

async fn serve(
    stream: TcpStream,
    answer: &(dyn Fn(&Command) -> Answer + Send + Sync),
    sent: &AtomicUsize,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(command) = read_command(&mut stream).await? {
        let (bytes, is_endless, is_last) = match answer(&command) {
            Answer::Bytes(bytes) => (bytes, false, false),
            Answer::Endless(bytes) => (bytes, true, false),
            Answer::Last(bytes) => (bytes, false, true),
        };
        loop {
            for part in bytes.chunks(65_536) {
                stream.write_all(part).await?;
                sent.fetch_add(part.len(), Ordering::Relaxed);
            }
            if !is_endless {
                break;
            }
        }
        if is_last {
            break;
        }
    }
    stream.shutdown().await
}

/// `None` at the end of the connection.
async fn read_command(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Command>> {
    let Some(parts) = read_length(stream, '*').await? else { return Ok(None) };
    let mut command = Command::new();
    for _ in 0..parts {
        let length = read_length(stream, '$').await?.expect("a whole command");
        let mut part = vec![0; length + 2];
        stream.read_exact(&mut part).await?;
        part.truncate(length);
        command.push(part);
    }
    Ok(Some(command))
}

async fn read_length(stream: &mut BufReader<TcpStream>, kind: char) -> io::Result<Option<usize>> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    match line.as_str() {
        "" => Ok(None),
        line => Ok(Some(line.trim_end().strip_prefix(kind).unwrap().parse().unwrap())),
    }
}

/// A reply to the command `TIME`.
pub(crate) const TIME: &str = "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n";
/// A reply of the script that removes an entry.
pub(crate) const REMOVED: &str = "*2\r\n:1700000000000000\r\n$7\r\nremoved\r\n";

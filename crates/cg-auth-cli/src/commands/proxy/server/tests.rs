use cg_auth_core::{
    AuthClient, BaseUrl, ClientSecret, TokenProvider, UserPrincipalName, testing::ScriptedTransport,
};
use cg_auth_hyper::{HyperClient, TransportSettings};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::oneshot,
    task::JoinHandle,
};

use super::*;
use crate::commands::proxy::{gate::Gate, prefix::Prefix, upstream::Upstream};

/// A proxy for an upstream that the test plays. The clock is tokio's paused one, which stands still while a task
/// has work.
struct Subject {
    address: String,
    prefix: String,
    upstream: TcpListener,
    end: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Subject {
    async fn start() -> Self {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let prefix = Prefix::random().unwrap();
        let text = prefix.expose_secret().to_owned();
        let base_url = BaseUrl::parse("https://service.example").unwrap();
        let answer = r#"{"value":{"access_token":"at-1","duration":36000},"isSuccess":true}"#;
        let transport = ScriptedTransport::new().answer(http::Response::new(answer.into()));
        let user = UserPrincipalName::new("a@b").unwrap();
        let secret = ClientSecret::new("s3cret").unwrap();
        let forwarder = Forwarder {
            gate: Gate::new(prefix, address.port(), &[]),
            upstream: Upstream::parse(&format!("http://{}", upstream.local_addr().unwrap())).unwrap(),
            client: HyperClient::from_settings(&TransportSettings::new().no_proxy()).unwrap(),
            provider: TokenProvider::new(AuthClient::new(base_url.clone(), transport), user, secret),
            base_url,
            limit: Duration::from_secs(300),
        };
        let (end, ended) = oneshot::channel();
        let serving = tokio::spawn(serve(listener, Arc::new(forwarder), async { drop(ended.await) }));
        Self { address: address.to_string(), prefix: text, upstream, end: Some(end), serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    fn get(&self) -> String {
        format!("GET /{}/ HTTP/1.1\r\nhost: {}\r\n\r\n", self.prefix, self.address)
    }

    /// Accepts a connection at the upstream and reads the head of a request.
    async fn accept(&self) -> TcpStream {
        let (mut stream, _) = self.upstream.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream
    }
}

/// Reads until the proxy closes the connection. Returns what came, and the seconds of tokio's clock.
async fn read_to_end(stream: &mut TcpStream) -> (String, u64) {
    let before = tokio::time::Instant::now();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    (String::from_utf8_lossy(&answer).into_owned(), before.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_no_request_loses_its_connection() {
    let subject = Subject::start().await;
    for sent in ["", "P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nHo", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut client = subject.connect().await;
        client.write_all(sent.as_bytes()).await.unwrap();
        let (_, seconds) = read_to_end(&mut client).await;
        assert!((25..=40).contains(&seconds), "{sent:?}: {seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_and_a_silent_answer_is_not() {
    let subject = Subject::start().await;
    let mut client = subject.connect().await;
    client.write_all(subject.get().as_bytes()).await.unwrap();
    let mut upstream = subject.accept().await;
    upstream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n").await.unwrap();
    // The events of a stream may be hours apart.
    sleep(Duration::from_secs(3 * 3600)).await;
    upstream.write_all(b"late").await.unwrap();
    let (answer, seconds) = read_to_end(&mut client).await;
    assert!(answer.ends_with("late"), "{answer}");
    assert!((25..=40).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_its_answer_loses_its_connection() {
    let subject = Subject::start().await;
    let mut client = subject.connect().await;
    client.write_all(subject.get().as_bytes()).await.unwrap();
    let mut upstream = subject.accept().await;
    let before = tokio::time::Instant::now();
    upstream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    // Ends with an error once the proxy has given up.
    while upstream.write_all(&[b'x'; 65_536]).await.is_ok() {}
    assert!(before.elapsed() >= WRITE_TIMEOUT, "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_requests_in_flight_but_not_for_ever() {
    let mut subject = Subject::start().await;
    let mut idle = subject.connect().await;
    let mut client = subject.connect().await;
    client.write_all(subject.get().as_bytes()).await.unwrap();
    let _upstream = subject.accept().await;
    let before = tokio::time::Instant::now();
    drop(subject.end.take());
    subject.serving.await.unwrap();
    assert!((4..=6).contains(&before.elapsed().as_secs()), "{:?}", before.elapsed());
    assert_eq!(read_to_end(&mut idle).await.0, "");
}

#[tokio::test(start_paused = true)]
async fn a_connection_too_many_waits_until_another_one_ends() {
    let subject = Subject::start().await;
    let mut clients = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        clients.push(subject.connect().await);
    }
    let mut late = subject.connect().await;
    late.write_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n").await.unwrap();
    let (answer, seconds) = read_to_end(&mut late).await;
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    assert!(seconds >= 25, "it waits until the silent ones are closed: {seconds}");
}

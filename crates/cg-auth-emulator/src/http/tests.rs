//! The emulated service over real sockets.

use std::net::Ipv4Addr;

use cg_auth_core::{AuthClient, body::Body, testing::ManualClock, transport::HttpTransport};
use cg_auth_hyper::{Http2, HyperTransport};
use http::{Request, Response, Version, header::DATE};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

use super::{Tls, connection::Connection, conversation, exchange::BODY_LIMIT, shutdown::Shutdown};
use crate::{Alpn, Emulator, EmulatorBuilder, state::State};

mod fault_limits;
mod faults;
mod limits;
mod slow_peers;

#[tokio::test]
async fn one_port_serves_http1_and_http2_without_tls() {
    let emulator = Emulator::start().await.unwrap();
    for http2 in [Http2::Negotiated, Http2::PriorKnowledge] {
        let transport = HyperTransport::builder().http2(http2).build().unwrap();
        let answer = run_every_operation(&emulator, transport).await;
        assert_eq!(answer.version() == Version::HTTP_2, http2 == Http2::PriorKnowledge);
    }
}

#[tokio::test]
async fn the_date_header_comes_from_the_emulators_clock_alone() {
    let emulator = Emulator::builder().clock(ManualClock::new()).start().await.unwrap();
    for http2 in [Http2::Negotiated, Http2::PriorKnowledge] {
        let transport = HyperTransport::builder().http2(http2).build().unwrap();
        let answer = run_every_operation(&emulator, transport).await;
        let dates: Vec<_> = answer.headers().get_all(DATE).iter().collect();
        assert_eq!(dates, ["Tue, 01 Jan 2030 00:00:00 GMT"]);
    }
}

#[tokio::test]
async fn tls_offers_http2_with_a_generated_certificate() {
    let emulator = Emulator::builder().tls().start().await.unwrap();
    assert!(emulator.base_url().as_str().starts_with("https://127.0.0.1:"));
    let pem = emulator.ca_pem().unwrap().as_bytes();
    let transport = HyperTransport::builder().extra_root_certificates_pem(pem).unwrap().build().unwrap();
    assert_eq!(run_every_operation(&emulator, transport).await.version(), Version::HTTP_2);
}

#[tokio::test]
async fn dropping_the_emulator_closes_every_socket() {
    let emulator = Emulator::start().await.unwrap();
    let address = emulator.base_url().as_str().trim_start_matches("http://").to_owned();
    let mut idle = TcpStream::connect(&address).await.unwrap();
    drop(emulator);
    assert!(TcpStream::connect(&address).await.is_err());
    assert!(matches!(idle.read(&mut [0]).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_malformed_request_gets_a_4xx_and_the_emulator_continues() {
    let emulator = Emulator::start().await.unwrap();
    let long = "x".repeat(BODY_LIMIT + 1);
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), "400"),
        (
            format!("POST / HTTP/1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{long}", long.len()),
            "413",
        ),
        ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nnonsense".to_owned(), "400"),
        ("GET /me HTTP/1.0\r\n\r\n".to_owned(), "401"),
    ] {
        let address = emulator.base_url().as_str().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_closed_when_its_peer_sends_nothing_more() {
    for (sent, answered) in [
        ("", ""),
        ("PRI * HTTP/2", ""),
        ("POST / HTTP/1.1\r\nclientSecret", ""),
        ("POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf", "HTTP/1.1 408 Request Timeout"),
        ("GET /me HTTP/1.1\r\n\r\n", "HTTP/1.1 401 Unauthorized"),
    ] {
        for tls in [None, Some(Tls::new(Ipv4Addr::LOCALHOST.into(), Alpn::default()).unwrap().config.into())]
        {
            let answered = if tls.is_some() { "" } else { answered };
            let (mut peer, stream) = socket_pair().await;
            let served = tokio::spawn(serve(stream, tls, EmulatorBuilder::new().state().unwrap()));

            peer.write_all(sent.as_bytes()).await.unwrap();
            let mut received = Vec::new();
            let _ = peer.read_to_end(&mut received).await;
            assert!(answered.is_empty() || received.starts_with(answered.as_bytes()), "{sent:?}");
            served.await.unwrap();
        }
    }
}

#[tokio::test]
async fn tls_negotiates_the_http_versions_that_were_set() {
    for (alpn, version) in [
        (Alpn::Http2AndHttp1, Version::HTTP_2),
        (Alpn::Http1, Version::HTTP_11),
        (Alpn::Http2, Version::HTTP_2),
        (Alpn::Off, Version::HTTP_11),
    ] {
        let emulator = Emulator::builder().tls().alpn(alpn).start().await.unwrap();
        let pem = emulator.ca_pem().unwrap().as_bytes();
        let client = HyperTransport::builder().extra_root_certificates_pem(pem).unwrap();
        assert_eq!(run_every_operation(&emulator, client.clone().build().unwrap()).await.version(), version);
        let seen = match (alpn, version) {
            (Alpn::Off, _) => None,
            (_, Version::HTTP_2) => Some("h2"),
            _ => Some("http/1.1"),
        };
        assert!(emulator.requests().iter().all(|request| request.alpn() == seen), "{alpn:?}");
        assert!(emulator.requests().iter().all(|request| request.http_version() == version));

        let http2_only = client.http2(Http2::PriorKnowledge).build().unwrap();
        let request = Request::get(emulator.protected_url()).body(Body::empty()).unwrap();
        assert_eq!(http2_only.send(request).await.is_ok(), alpn != Alpn::Http1, "{alpn:?}");
    }
}

/// Runs every operation once: delegate, refresh, protected resource, delete. Returns the resource's answer.
async fn run_every_operation(emulator: &Emulator, transport: HyperTransport) -> Response<Body> {
    let client = AuthClient::new(emulator.base_url().clone(), transport.clone());
    let credential = emulator.credential();
    let first = client.get_delegate_access_token(credential).await.unwrap().value;
    let second =
        client.refresh_user_access_token(credential, first.refresh_token().unwrap()).await.unwrap().value;
    let request = Request::get(emulator.protected_url())
        .header("authorization", format!("Bearer {}", second.access_token().expose_secret()))
        .body(Body::empty())
        .unwrap();
    let answer = transport.send(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    client.delete_token_cache(credential).await.unwrap();
    answer
}

/// Both ends of a connection over loopback: the peer's and the server's.
async fn socket_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    (peer, stream)
}

/// Serves a connection of a server that is never shut down.
async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, state: State) {
    let (_running, shutdown) = watch::channel(Shutdown::NotRequested);
    let connection = Connection::new(&stream);
    conversation::serve(stream, connection, tls, state, shutdown).await;
}

/// Longer than any of these tests takes.
const LONG: std::time::Duration = std::time::Duration::from_secs(60);

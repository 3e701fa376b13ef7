//! The service over real sockets.

use std::net::Ipv4Addr;

use cg_auth_core::{AuthClient, body::Body, testing::ManualClock, transport::HttpTransport};
use cg_auth_hyper::{Http2, HyperTransport};
use http::{Request, Response, Version, header::DATE};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{Alpn, Emulator, EmulatorBuilder, exchange::BODY_LIMIT, script_writing::ScriptBuilder, tls::Tls};

mod slow_peers;

#[tokio::test]
async fn http1_and_http2_share_a_plain_port() {
    let emulator = Emulator::start().await.unwrap();
    for http2 in [Http2::Negotiated, Http2::PriorKnowledge] {
        let transport = HyperTransport::builder().http2(http2).build().unwrap();
        let answer = whole_life(&emulator, transport).await;
        assert_eq!(answer.version() == Version::HTTP_2, http2 == Http2::PriorKnowledge);
    }
}

#[tokio::test]
async fn the_only_date_on_the_wire_is_the_clocks() {
    let emulator = Emulator::builder().clock(ManualClock::new()).start().await.unwrap();
    for http2 in [Http2::Negotiated, Http2::PriorKnowledge] {
        let transport = HyperTransport::builder().http2(http2).build().unwrap();
        let answer = whole_life(&emulator, transport).await;
        let dates: Vec<_> = answer.headers().get_all(DATE).iter().collect();
        assert_eq!(dates, ["Tue, 01 Jan 2030 00:00:00 GMT"]);
    }
}

#[tokio::test]
async fn tls_offers_http2_under_a_certificate_made_at_start() {
    let emulator = Emulator::builder().tls().start().await.unwrap();
    assert!(emulator.base_url().as_str().starts_with("https://127.0.0.1:"));
    let pem = emulator.ca_pem().unwrap().as_bytes();
    let transport = HyperTransport::builder().extra_root_certificates_pem(pem).unwrap().build().unwrap();
    assert_eq!(whole_life(&emulator, transport).await.version(), Version::HTTP_2);
}

#[tokio::test]
async fn a_dropped_emulator_leaves_no_socket_behind() {
    let emulator = Emulator::start().await.unwrap();
    let address = emulator.base_url().as_str().trim_start_matches("http://").to_owned();
    let mut idle = TcpStream::connect(&address).await.unwrap();
    drop(emulator);
    assert!(TcpStream::connect(&address).await.is_err());
    assert!(matches!(idle.read(&mut [0]).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn what_is_no_request_is_answered_and_harms_nobody() {
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
async fn a_peer_that_falls_silent_is_given_up() {
    for (said, answered) in [
        ("", ""),
        ("PRI * HTTP/2", ""),
        ("POST / HTTP/1.1\r\nclientSecret", ""),
        ("POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf", "HTTP/1.1 408 Request Timeout"),
        ("GET /me HTTP/1.1\r\n\r\n", "HTTP/1.1 401 Unauthorized"),
    ] {
        for tls in [None, Some(Tls::new(Ipv4Addr::LOCALHOST.into(), Alpn::default()).unwrap().config.into())]
        {
            let answered = if tls.is_some() { "" } else { answered };
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            let (_serving, phase) = watch::channel(Phase::Serving);
            let connection = Connection::new(1, &stream);
            let state = EmulatorBuilder::new().state();
            let served = tokio::spawn(conversation::serve(stream, connection, tls, state, phase));

            peer.write_all(said.as_bytes()).await.unwrap();
            let mut heard = Vec::new();
            let _ = peer.read_to_end(&mut heard).await;
            assert!(answered.is_empty() || heard.starts_with(answered.as_bytes()), "{said:?}");
            served.await.unwrap();
        }
    }
}

#[tokio::test]
async fn alpn_is_what_was_set() {
    for (alpn, version) in [
        (Alpn::Http2AndHttp1, Version::HTTP_2),
        (Alpn::Http1, Version::HTTP_11),
        (Alpn::Http2, Version::HTTP_2),
        (Alpn::Off, Version::HTTP_11),
    ] {
        let emulator = Emulator::builder().tls().alpn(alpn).start().await.unwrap();
        let pem = emulator.ca_pem().unwrap().as_bytes();
        let client = HyperTransport::builder().extra_root_certificates_pem(pem).unwrap();
        assert_eq!(whole_life(&emulator, client.clone().build().unwrap()).await.version(), version);
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

/// Delegate, refresh, use, clear; what the protected resource answered.
async fn whole_life(emulator: &Emulator, transport: HyperTransport) -> Response<Body> {
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

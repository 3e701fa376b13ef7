//! A call that is given up: its thread ends, wherever it is blocked.

#[cfg(target_os = "linux")]
use std::{
    net::{SocketAddr, TcpStream},
    thread,
};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use cg_auth_ureq::{
    ApiCredential, AuthClient, BaseUrl, Body, CallErrorKind, ClientSecret, HttpTransport, RetryPolicy,
    TransportErrorKind, TransportSettings, UserPrincipalName, cg_auth_core::time::ThreadRuntime,
};
use http::Request;

use crate::{
    server::{Connection, Server, exchange, ok, send, transport},
    threads::{alone, threads, wait_for_threads},
};

/// Polls a call once, plays `server`, drops the call, and waits for its thread to end. The connect timeout is far
/// off.
fn give_up(settings: TransportSettings, request: Request<Body>, play: impl FnOnce() -> Option<Connection>) {
    let transport = transport(settings.connect_timeout(Duration::from_secs(3600)));
    let connection = {
        let mut call = pin!(transport.send(request));
        let Poll::Pending = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("the call ended before the server answered");
        };
        let connection = play();
        assert!(threads().is_none_or(|threads| threads == 1));
        connection
    };
    wait_for_threads(0);
    if let Some(mut connection) = connection {
        connection.wait_for_end();
    }
}

#[test]
fn a_call_that_is_given_up_before_the_answer_ends_its_thread() {
    let _alone = alone();
    let server = Server::bind();
    give_up(TransportSettings::new(), server.request(), || {
        let mut connection = server.accept();
        connection.read_head();
        Some(connection)
    });
}

#[test]
fn a_call_that_is_given_up_within_the_body_ends_its_thread() {
    let _alone = alone();
    let server = Server::bind();
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{",
        "HTTP/1.1 200 OK\r\n\r\n{",
    ] {
        give_up(TransportSettings::new(), server.request(), || Some(server.answer(answer)));
    }
}

/// The server does not read, so the buffers of the sockets fill up.
#[test]
fn a_call_that_is_given_up_while_it_sends_ends_its_thread() {
    let _alone = alone();
    let server = Server::bind();
    let request = Request::post(server.url("http")).body(Body::from(vec![b'x'; 16 << 20])).unwrap();
    give_up(TransportSettings::new(), request, || {
        let mut connection = server.accept();
        connection.read_head();
        Some(connection)
    });
}

#[test]
fn a_call_that_is_given_up_in_a_tls_handshake_ends_its_thread() {
    let _alone = alone();
    let server = Server::bind();
    let request = Request::get(server.url("https")).body(Body::empty()).unwrap();
    give_up(TransportSettings::new(), request, || {
        let mut connection = server.accept();
        connection.read_something();
        Some(connection)
    });
}

#[test]
fn a_call_that_is_given_up_while_a_proxy_opens_its_tunnel_ends_its_thread() {
    let _alone = alone();
    let server = Server::bind();
    let url = server.url("http");
    let proxy = url.strip_suffix("/path").unwrap();
    let transport = cg_auth_ureq::UreqTransport::builder()
        .connect_timeout(Duration::from_secs(3600))
        .proxy(proxy)
        .and_then(cg_auth_ureq::UreqTransportBuilder::build)
        .unwrap();
    let request = Request::get("https://service.example/").body(Body::empty()).unwrap();
    let mut connection = {
        let mut call = pin!(transport.send(request));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let mut connection = server.accept();
        assert!(connection.read_head().starts_with("CONNECT service.example:443 HTTP/1.1\r\n"));
        connection
    };
    wait_for_threads(0);
    connection.wait_for_end();
}

/// Linux drops a SYN if the queue of connections that wait to be accepted is full.
#[cfg(target_os = "linux")]
#[test]
fn a_call_that_is_given_up_while_it_connects_ends_its_thread() {
    let _alone = alone();
    let silent = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    silent.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    silent.listen(1).unwrap();
    let address = silent.local_addr().unwrap().as_socket().unwrap();
    let a_moment = Duration::from_millis(200);
    let mut waiting = Vec::new();
    while let Ok(connected) = TcpStream::connect_timeout(&address, a_moment) {
        waiting.push(connected);
    }
    let request = Request::get(format!("http://{address}/")).body(Body::empty()).unwrap();
    give_up(TransportSettings::new(), request, || {
        thread::sleep(a_moment / 4);
        None
    });
}

#[test]
fn no_thread_outlives_the_timeout_of_its_call() {
    let _alone = alone();
    let server = Server::bind();
    let base_url = BaseUrl::parse(&server.url("http").replace("/path", "")).unwrap();
    let client =
        AuthClient::with_runtime(base_url, transport(TransportSettings::new()), ThreadRuntime::new())
            .with_retry_policy(RetryPolicy::none())
            .with_timeout(Duration::from_millis(100));
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    let credential = ApiCredential::new(ClientSecret::new("s3cret").unwrap(), user);
    let error = ThreadRuntime::block_on(client.get_delegate_access_token(&credential)).unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Timeout);
    assert!(error.may_have_been_sent());
    wait_for_threads(0);
}

#[test]
fn the_transport_is_usable_after_calls_that_were_given_up() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(TransportSettings::new());
    for _ in 0..3 {
        let mut call = Box::pin(transport.send(server.request()));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let mut abandoned = server.accept();
        abandoned.read_head();
        drop(call);
        abandoned.wait_for_end();
    }
    let (result, _connection) = exchange(&transport, &server, |server| server.answer(ok("{}")));
    assert_eq!(result.unwrap().body().as_bytes(), b"{}");
}

/// A connection of the pool, given up in the middle of its second exchange, carries no third one.
#[test]
fn a_kept_connection_whose_call_is_given_up_is_not_kept() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(TransportSettings::new());
    let (result, mut first) = exchange(&transport, &server, |server| server.answer(ok("")));
    result.unwrap();
    let mut call = Box::pin(transport.send(server.request()));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    first.read_head();
    drop(call);
    first.wait_for_end();
    wait_for_threads(0);
    let (result, _second) = exchange(&transport, &server, |server| server.answer(ok("")));
    result.unwrap();
}

#[test]
fn connecting_ends_at_its_timeout() {
    let _alone = alone();
    let server = Server::bind();
    let limit = Duration::from_millis(100);
    let request = Request::get(server.url("https")).body(Body::empty()).unwrap();
    let transport = transport(TransportSettings::new().connect_timeout(limit));
    let error = send(&transport, request).unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert!(!error.may_have_been_sent());
    wait_for_threads(0);
}

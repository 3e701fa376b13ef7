//! The request for a tunnel, and the answers that open it (RFC 9110 section 9.3.6).

use cg_auth_core::{body::Body, causes::cause_chain, transport::TransportErrorKind};
use cg_auth_tests::{
    http2::Http2,
    listener::{Listener, TOKEN, ok, while_serving},
    tls::TlsServer,
};
use http::{Request, Version};
use macro_rules_attribute::apply;

use super::{
    proxies::{base_url, proxied, proxy_to, service, through},
    subject::{Configurable, client_over, credential},
};

/// reqwest's tunnel to an IPv6 address never works, so the transport refuses it at once.
#[apply(own_transports)]
async fn a_tunnel_to_an_ipv6_address_is_opened_or_refused_as_a_setting<T: Configurable>() {
    let proxy = Listener::bind().await;
    let transport = proxied::<T>(&format!("http://{}", proxy.address()));
    let sent = transport.send(Request::get("https://[2001:db8::1]/").body(Body::empty()).unwrap());
    if T::TUNNELS_TO_IPV6 {
        let (error, (connect, _)) = tokio::join!(sent, proxy.answer(FORBIDDEN));
        assert_eq!(error.unwrap_err().kind(), TransportErrorKind::Connect);
        assert_eq!(connect.line(), "CONNECT [2001:db8::1]:443 HTTP/1.1");
        assert_eq!(connect.values("host"), [b"[2001:db8::1]:443"]);
    } else {
        let error = sent.await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Config);
        assert!(cause_chain(&error).contains("IPv6"), "{error:?}");
        assert!(proxy.is_left_alone().await);
    }
}

#[apply(own_transports)]
async fn http1_is_used_with_a_proxy_that_has_http2_too<T: Configurable>() {
    let proxy = Listener::bind_tls_with(TlsServer::new().alpn(&[b"h2", b"http/1.1"])).await;
    let transport = through::<T>(&format!("https://{}", proxy.address()), &proxy);
    let request = Request::get("https://service.example/").body(Body::empty()).unwrap();
    let (error, (connect, connection)) = tokio::join!(transport.send(request), proxy.answer(FORBIDDEN));
    assert_eq!(error.unwrap_err().kind(), TransportErrorKind::Connect);
    assert_eq!(connect.line(), "CONNECT service.example:443 HTTP/1.1");
    assert_ne!(connection.protocol(), Some(b"h2".as_slice()));
}

#[apply(own_transports_with_http2)]
async fn http2_is_negotiated_through_a_tunnel<T: Configurable>() {
    let server = TlsServer::new().name("service.example").alpn(&[b"h2", b"http/1.1"]);
    let service = Listener::bind_tls_with(server).await;
    let proxy = proxy_to(&service).start().await;
    let transport = through::<T>(&proxy.url(), &service);
    let request = Request::get("https://service.example/").body(Body::empty()).unwrap();
    let server = async {
        let mut http2 = Http2::accept(&service).await;
        let stream = http2.request().await;
        http2.answer(stream, "").await;
        http2
    };
    let response = while_serving(transport.send(request), server).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
}

#[apply(own_transports)]
async fn every_form_of_200_opens_a_tunnel<T: Configurable>() {
    let service = service().await;
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\nproxy-agent: some/1.0\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    ] {
        let proxy = Listener::bind().await;
        let client = client_over(base_url(), through::<T>(&format!("http://{}", proxy.address()), &service));
        let server = async {
            let mut tunnel = proxy.accept().await;
            tunnel.receive().await.expect("CONNECT");
            for byte in head.as_bytes() {
                tunnel.write(&[*byte]).await;
                tokio::task::yield_now().await;
            }
            tokio::join!(tunnel.relay(service.address()), service.answer(ok(TOKEN)))
        };
        let credential = credential();
        let answer = while_serving(client.get_delegate_access_token(&credential), server).await;
        answer.unwrap_or_else(|error| panic!("{head:?}: {error:?}"));
    }
}

const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";

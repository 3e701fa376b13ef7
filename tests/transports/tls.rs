//! The versions of TLS and HTTP that are used.

use cg_auth_core::{
    BaseUrl,
    body::Body,
    causes::cause_chain,
    transport::{HttpTransport, TransportErrorKind},
};
use cg_auth_tests::{
    http2::Http2 as Http2Server,
    listener::{Listener, ok, while_serving},
    tls::TlsServer,
};
use cg_auth_transport_util::{Http2, TlsVersion, TransportSettings};
use http::{Request, Response, Version};
use macro_rules_attribute::apply;
use tokio::net::TcpListener;
use tokio_rustls::{
    LazyConfigAcceptor,
    rustls::{CipherSuite, NamedGroup, SupportedCipherSuite, crypto::aws_lc_rs, server::Acceptor},
};

use super::{
    messages::{assert_says, failure},
    subject::{Configurable, without_platform_roots},
};

#[apply(own_transports)]
async fn a_minimum_tls_version_is_kept<T: Configurable>() {
    for (minimum, server, is_enough) in [
        (TlsVersion::Tls12, TlsServer::new().tls12_only(), true),
        (TlsVersion::Tls13, TlsServer::new(), true),
        (TlsVersion::Tls13, TlsServer::new().tls12_only(), false),
    ] {
        let listener = Listener::bind_tls_with(server).await;
        let transport: T = build(&listener, |settings| settings.min_tls_version(minimum));
        if is_enough {
            call(&transport, &listener, listener.answer(ok(""))).await;
        } else {
            let server = listener.accept_in_vain();
            assert_handshake_fails(transport, listener.base_url(), server, "TLS version").await;
        }
    }
}

/// What a client offers tells the library: each one has other cipher suites or key exchange groups.
#[apply(own_transports)]
async fn every_transport_uses_rustls_with_aws_lc_rs<T: Configurable>() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", port.local_addr().unwrap());
    let transport = T::with_settings(without_platform_roots());
    let request = Request::get(url).body(Body::empty()).unwrap();
    let hello = async {
        let (stream, _) = port.accept().await.unwrap();
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await.unwrap();
        let hello = start.client_hello();
        (hello.cipher_suites().to_vec(), hello.named_groups().unwrap().to_vec())
    };
    let ((suites, groups), _) = tokio::join!(hello, transport.send(request));
    let provider = aws_lc_rs::default_provider();
    let offered: Vec<_> = provider.cipher_suites.iter().map(SupportedCipherSuite::suite).collect();
    let is_suite = |suite: &&CipherSuite| **suite != CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV;
    assert_eq!(suites.iter().filter(is_suite).copied().collect::<Vec<_>>(), offered);
    assert_eq!(groups, provider.kx_groups.iter().map(|group| group.name()).collect::<Vec<_>>());
    assert!(groups.contains(&NamedGroup::X25519MLKEM768), "ring has no such group");
}

#[apply(own_transports_with_http2)]
async fn http2_is_used_if_the_server_prefers_it<T: Configurable>() {
    for alpn in [[H2, HTTP1].as_slice(), &[H2]] {
        let listener = listener(alpn).await;
        let transport: T = build(&listener, |settings| settings);
        let server = async {
            let mut http2 = Http2Server::accept(&listener).await;
            let stream = http2.request().await;
            http2.answer(stream, "").await;
            http2
        };
        assert_eq!(call(&transport, &listener, server).await.version(), Version::HTTP_2);
    }
}

#[apply(own_transports)]
async fn http1_is_used_if_the_server_has_no_http2<T: Configurable>() {
    for alpn in [&[HTTP1], [].as_slice()] {
        let listener = listener(alpn).await;
        let transport: T = build(&listener, |settings| settings);
        let response = call(&transport, &listener, listener.answer(ok(""))).await;
        assert_eq!(response.version(), Version::HTTP_11);
    }
}

#[apply(own_transports)]
async fn http2_can_be_switched_off<T: Configurable>() {
    let both = listener(&[H2, HTTP1]).await;
    let transport: T = build(&both, |settings| settings.http2(Http2::Off));
    let response = call(&transport, &both, both.answer(ok(""))).await;
    assert_eq!(response.version(), Version::HTTP_11);

    let http2 = listener(&[H2]).await;
    let transport: T = build(&http2, |settings| settings.http2(Http2::Off));
    assert_handshake_fails(transport, http2.base_url(), http2.accept_in_vain(), "HTTP/1.1").await;
}

#[apply(own_transports_with_http2)]
async fn prior_knowledge_of_http2_fails_if_the_server_has_http1_alone<T: Configurable>() {
    let listener = listener(&[HTTP1]).await;
    let transport: T = build(&listener, |settings| settings.http2(Http2::PriorKnowledge));
    assert_handshake_fails(transport, listener.base_url(), listener.accept_in_vain(), "HTTP/2").await;
}

/// Without ALPN the TLS handshake does not show whether the server speaks HTTP/2.
#[apply(own_transports_with_http2)]
async fn prior_knowledge_of_http2_fails_if_the_server_does_not_speak_it<T: Configurable>() {
    let listener = listener(&[]).await;
    let transport: T = build(&listener, |settings| settings.http2(Http2::PriorKnowledge));
    let server = async {
        let mut connection = listener.accept().await;
        assert!(connection.read_exact(&mut [0; 24]).await);
        connection.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
        connection.shut_down().await;
        connection.read_to_end().await
    };
    let error = failure(transport, listener.base_url(), server).await;
    assert_eq!(error.as_transport().unwrap().kind(), TransportErrorKind::Malformed, "{error:?}");
}

const H2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

async fn listener(alpn: &'static [&'static [u8]]) -> Listener {
    Listener::bind_tls_with(TlsServer::new().alpn(alpn)).await
}

/// A transport that trusts `listener`, with the settings that `set` makes.
fn build<T: Configurable>(
    listener: &Listener,
    set: impl FnOnce(TransportSettings) -> TransportSettings,
) -> T {
    let roots = listener.ca_pem().unwrap().as_bytes();
    T::with_settings(set(without_platform_roots().extra_root_certificates_pem(roots).unwrap()))
}

async fn call(transport: &impl HttpTransport, listener: &Listener, server: impl Future) -> Response<Body> {
    let request = Request::get(listener.base_url().as_str()).body(Body::empty()).unwrap();
    while_serving(transport.send(request), server).await.unwrap()
}

async fn assert_handshake_fails(
    transport: impl HttpTransport + 'static,
    base_url: BaseUrl,
    server: impl Future,
    advice: &str,
) {
    let address = base_url.as_str().trim_start_matches("https://").trim_end_matches('/').to_owned();
    let error = failure(transport, base_url, server).await;
    assert_says(&error, TransportErrorKind::Tls, advice);
    assert!(!error.as_transport().unwrap().is_refused_certificate());
    let expected = format!("the TLS handshake with {address} failed: ");
    assert!(cause_chain(&error).contains(&expected), "{}", cause_chain(&error));
}

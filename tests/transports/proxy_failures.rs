//! A proxy that leads to no service.

use std::time::Duration;

use cg_auth_core::{BaseUrl, CallError, Recovery, time::Now, transport::TransportErrorKind};
use cg_auth_tests::listener::Listener;
use macro_rules_attribute::apply;

use super::{
    deadlines::assert_took,
    messages::{assert_hides, assert_refused_certificate, assert_says, failure},
    proxies::{LOGIN, base_url, proxied, proxy, proxy_to, service, through},
    subject::{Configurable, without_platform_roots},
};

#[apply(own_transports)]
async fn a_proxy_without_a_route_to_the_service_is_a_connect_error<T: Configurable>() {
    let service = service().await;
    let mut proxy = proxy().start().await;
    let transport = through::<T>(&proxy.url_with("user", "hunter2%40"), &service);
    assert_connect_error(&failure(transport, base_url(), async {}).await);
    assert_eq!(proxy.seen().await, ["CONNECT service.example:443 wrong 502"]);
}

#[apply(own_transports)]
async fn a_server_that_is_no_proxy_is_a_connect_error<T: Configurable>() {
    let service = service().await;
    let endless = format!("HTTP/1.1 200 OK\r\nx-filler: {}", "x".repeat(1024 * 1024));
    for answer in ["", "HTTP/1.1 20", "SSH-2.0-OpenSSH_9.6\r\n\r\n", "\0\0\0\0\r\n\r\n", &endless] {
        let no_proxy = Listener::bind().await;
        let server = async {
            let mut connection = no_proxy.accept().await;
            connection.receive().await.expect("CONNECT");
            connection.write_in_vain(answer.as_bytes()).await;
        };
        let transport = through::<T>(&format!("http://user:hunter2%40@{}", no_proxy.address()), &service);
        assert_connect_error(&failure(transport, base_url(), server).await);
    }
}

#[apply(own_transports)]
async fn an_unreachable_proxy_of_plain_http_is_a_connect_error<T: Configurable>() {
    let unreachable = format!("http://user:hunter2%40@{}", Listener::bind().await.address());
    for url in [&unreachable, "http://user:hunter2%40@proxy.invalid"] {
        let transport = proxied::<T>(url);
        let base_url = BaseUrl::parse_allowing_http("http://service.example").unwrap();
        assert_connect_error(&failure(transport, base_url, async {}).await);
    }
}

#[apply(own_transports)]
async fn a_silent_proxy_ends_at_the_connect_timeout<T: Configurable>() {
    let silent = Listener::bind().await;
    for (scheme, opens_the_tunnel) in [("http", false), ("http", true), ("https", false)] {
        let transport = without_platform_roots()
            .connect_timeout(LIMIT)
            .proxy(&format!("{scheme}://user:hunter2%40@{}", silent.address()))
            .map(T::with_settings)
            .unwrap();
        let server = async {
            let mut connection = silent.accept().await;
            if opens_the_tunnel {
                connection.receive().await.expect("CONNECT");
                connection.write(b"HTTP/1.1 200 OK\r\n\r\n").await;
            }
            connection.read_to_end().await
        };
        let started = Now::system();
        let error = failure(transport, base_url(), server).await;
        assert_took(LIMIT, started);
        assert_says(&error, TransportErrorKind::Connect, "");
        assert_hides(&error, &LOGIN);
    }
}

const LIMIT: Duration = Duration::from_millis(200);

#[apply(own_transports)]
async fn the_certificate_of_a_proxy_is_verified<T: Configurable>() {
    let service = service().await;
    let mut proxy = proxy_to(&service).tls().start().await;
    let transport = through::<T>(&proxy.url_with("user", "hunter2%40"), &service);
    let error = failure(transport, base_url(), async {}).await;
    assert_refused_certificate(&error, "check the proxy's URL and certificate");
    assert_hides(&error, &LOGIN);
    assert!(proxy.seen().await.is_empty(), "a proxy that is not trusted received the login");
}

/// A tunnel does not change which certificates are trusted.
#[apply(own_transports)]
async fn the_certificate_behind_a_proxy_is_verified<T: Configurable>() {
    let service = service().await;
    let proxy = proxy_to(&service).start().await;
    let transport = proxied::<T>(&proxy.url());
    let error = failure(transport, base_url(), service.accept_in_vain()).await;
    assert_refused_certificate(&error, "root certificate");
}

fn assert_connect_error(error: &CallError) {
    assert_says(error, TransportErrorKind::Connect, "proxy");
    assert_eq!(error.recovery(), Recovery::Retry);
    assert_hides(error, &LOGIN);
}

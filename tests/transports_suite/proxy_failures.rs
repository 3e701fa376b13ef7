//! A proxy that does not do what it is there for.

use std::time::Duration;

use cg_auth_core::{BaseUrl, CallError, Recovery, time::Now, transport::TransportErrorKind};
use cg_auth_tests::listener::Listener;
use cg_auth_transport_util::TransportBuilder;

use super::{
    proxies::{CREDENTIALS, base_url, proxy, proxy_to, service, through},
    subject::Configurable,
    told::{assert_keeps, assert_refused_certificate, assert_told, failure},
};

pub(crate) async fn a_service_that_a_proxy_does_not_find_is_no_connection<T: Configurable>() {
    let service = service().await;
    let mut proxy = proxy().start().await;
    let transport = through::<T>(&proxy.url_with("user", "hunter2%40"), &service);
    assert_no_connection(&failure(transport, base_url(), async {}).await);
    assert_eq!(proxy.seen().await, ["CONNECT service.example:443 wrong 502"]);
}

pub(crate) async fn what_is_no_proxy_is_no_connection<T: Configurable>() {
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
        assert_no_connection(&failure(transport, base_url(), server).await);
    }
}

pub(crate) async fn plain_http_is_told_of_the_proxy_too<T: Configurable>() {
    let nobody = format!("http://user:hunter2%40@{}", Listener::bind().await.address());
    for url in [&nobody, "http://user:hunter2%40@proxy.invalid"] {
        let transport = T::builder().proxy(url).unwrap().build().unwrap();
        let base_url = BaseUrl::parse_allowing_http("http://service.example").unwrap();
        assert_no_connection(&failure(transport, base_url, async {}).await);
    }
}

pub(crate) async fn a_silent_proxy_ends_at_the_connect_timeout<T: Configurable>() {
    let silent = Listener::bind().await;
    for (scheme, opens_the_tunnel) in [("http", false), ("http", true), ("https", false)] {
        let transport = T::builder()
            .connect_timeout(LIMIT)
            .proxy(&format!("{scheme}://user:hunter2%40@{}", silent.address()))
            .and_then(TransportBuilder::build)
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
        let elapsed = Now::system().saturating_since(started);
        assert!((LIMIT..10 * LIMIT).contains(&elapsed), "{elapsed:?}");
        assert_told(&error, TransportErrorKind::Connect, "");
        assert_keeps(&error, &CREDENTIALS);
    }
}

const LIMIT: Duration = Duration::from_millis(200);

pub(crate) async fn the_certificate_of_a_proxy_is_judged_too<T: Configurable>() {
    let service = service().await;
    let mut proxy = proxy_to(&service).tls().start().await;
    let transport = through::<T>(&proxy.url_with("user", "hunter2%40"), &service);
    let error = failure(transport, base_url(), async {}).await;
    assert_refused_certificate(&error, "check the proxy's URL and certificate");
    assert_keeps(&error, &CREDENTIALS);
    assert!(proxy.seen().await.is_empty(), "credentials for the wrong proxy");
}

/// A tunnel changes nothing in who is trusted.
pub(crate) async fn the_certificate_behind_a_proxy_is_judged_too<T: Configurable>() {
    let service = service().await;
    let proxy = proxy_to(&service).start().await;
    let transport = T::builder().proxy(&proxy.url()).unwrap().build().unwrap();
    let error = failure(transport, base_url(), service.accept_in_vain()).await;
    assert_refused_certificate(&error, "root certificate");
}

fn assert_no_connection(error: &CallError) {
    assert_told(error, TransportErrorKind::Connect, "proxy");
    assert_eq!(error.recovery(), Recovery::Retry);
    assert_keeps(error, &CREDENTIALS);
}

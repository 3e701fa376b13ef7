//! A proxy that opens no tunnel to the service.

use cg_auth_tests::listener::Listener;
use macro_rules_attribute::apply;

use super::{
    super::{
        proxies::{base_url, proxy_to, service, through},
        subject::{Configurable, client_over, credential},
    },
    Row,
};

#[apply(own_transports)]
async fn proxy_down<T: Configurable>(row: &Row) {
    let unreachable = Listener::bind().await.address();
    meet::<T>(row, &format!("http://user:hunter2%40@{unreachable}"), &service().await).await;
}

/// The login is wrong, or missing.
#[apply(own_transports)]
async fn proxy_refuses_the_credentials<T: Configurable>(row: &Row) {
    let service = service().await;
    let mut proxy = proxy_to(&service).credentials("user", "p@ss").start().await;
    for url in [proxy.url_with("user", "hunter2%40"), proxy.url()] {
        meet::<T>(row, &url, &service).await;
    }
    let seen = ["CONNECT service.example:443 wrong 407", "CONNECT service.example:443 no 407"];
    assert_eq!(proxy.seen().await, seen);
}

#[apply(own_transports)]
async fn proxy_refuses_the_tunnel<T: Configurable>(row: &Row) {
    let service = service().await;
    for status in [302, 400, 403, 404, 502, 503] {
        let proxy = proxy_to(&service).refusing(status).start().await;
        meet::<T>(row, &proxy.url_with("user", "hunter2%40"), &service).await;
    }
}

async fn meet<T: Configurable>(row: &Row, proxy: &str, service: &Listener) {
    let client = client_over(base_url(), through::<T>(proxy, service));
    row.check(client.get_delegate_access_token(&credential()).await);
    assert!(service.is_left_alone().await);
}

//! The settings of the pool, of time and of the local address.

use std::{net::IpAddr, time::Duration};

use cg_auth_core::transport::TransportErrorKind;
use cg_auth_emulator::{Emulator, RecordedRequest};
use cg_auth_hyper::HyperTransport;
use cg_auth_reqwest::ReqwestTransport;
use cg_auth_tests::listener::{Listener, TOKEN, ok};
use cg_auth_transport_util::{Http2, ProxyChoice, TlsVersion, TransportSettings};
use cg_auth_ureq::UreqTransport;
use macro_rules_attribute::apply;

use super::{
    connections::first_call,
    subject::{Configurable, client_over, credential, without_platform_roots},
};

#[apply(own_transports)]
async fn connections_start_from_the_local_address<T: Configurable>() {
    // On other systems the loopback interface has one address only.
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let address: IpAddr = [127, 0, 0, 2].into();
    let listener = Listener::bind().await;
    let transport = T::with_settings(without_platform_roots().local_address(address));
    let client = client_over(listener.base_url(), transport);
    let credential = credential();
    let (answer, (_, connection)) =
        tokio::join!(client.get_delegate_access_token(&credential), listener.answer(ok(TOKEN)));
    answer.unwrap();
    assert_eq!(connection.peer().ip(), address);
}

#[apply(own_transports)]
async fn a_local_address_of_another_machine_is_a_connect_error<T: Configurable>() {
    let listener = Listener::bind().await;
    let transport = T::with_settings(without_platform_roots().local_address([192, 0, 2, 1].into()));
    let client = client_over(listener.base_url(), transport);
    let error = client.get_delegate_access_token(&credential()).await.unwrap_err();
    let error = error.as_transport().unwrap();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert!(!error.may_have_been_sent());
    assert!(listener.is_left_alone().await);
}

#[apply(own_transports)]
async fn a_pool_without_idle_connections_opens_one_for_each_request<T: Configurable>() {
    assert_eq!(connections_of_two_calls(T::default(), Duration::ZERO).await, 1);
    let transport = T::with_settings(without_platform_roots().pool_max_idle_per_host(0));
    assert_eq!(connections_of_two_calls(transport, Duration::ZERO).await, 2);
}

#[apply(own_transports)]
async fn an_idle_connection_is_reused_before_its_timeout<T: Configurable>() {
    let short = T::with_settings(without_platform_roots().pool_idle_timeout(Duration::from_millis(1)));
    assert_eq!(connections_of_two_calls(short, Duration::from_millis(50)).await, 2);
    let long = T::with_settings(without_platform_roots().pool_idle_timeout(Duration::from_secs(600)));
    assert_eq!(connections_of_two_calls(long, Duration::from_millis(50)).await, 1);
}

/// The transport closes the connection by itself, without a further request that finds it too old.
#[apply(own_transports)]
async fn an_idle_connection_is_closed_at_its_timeout<T: Configurable>() {
    let listener = Listener::bind().await;
    let transport = T::with_settings(without_platform_roots().pool_idle_timeout(Duration::from_millis(50)));
    let client = client_over(listener.base_url(), transport);
    let mut connection = first_call(&client, &listener).await;
    assert!(connection.receive().await.is_none());
    drop(client);
}

#[apply(own_transports)]
async fn the_longest_durations_are_accepted<T: Configurable>() {
    let settings = without_platform_roots()
        .connect_timeout(Duration::MAX)
        .pool_idle_timeout(Duration::MAX)
        .http2_ping_interval(Duration::MAX)
        .http2_ping_timeout(Duration::MAX);
    let versions = [Http2::Off, Http2::PriorKnowledge];
    for http2 in versions.into_iter().filter(|http2| T::SPEAKS_HTTP2 || *http2 == Http2::Off) {
        let transport = T::with_settings(settings.clone().http2(http2));
        assert_eq!(connections_of_two_calls(transport, Duration::ZERO).await, 1, "{http2:?}");
    }
}

/// The builders and the settings get their methods from one macro.
#[test]
fn the_builders_have_the_methods_of_the_settings() {
    macro_rules! all_set {
        ($unset:expr) => {
            $unset
                .connect_timeout(Duration::from_secs(1))
                .proxy("http://proxy.example")
                .unwrap()
                .no_proxy()
                .proxy_choice(ProxyChoice::Off)
                .body_limit(2)
                .pool_max_idle_per_host(3)
                .pool_idle_timeout(Duration::from_secs(4))
                .http2(Http2::Off)
                .http2_ping_interval(Duration::from_secs(5))
                .http2_ping_timeout(Duration::from_secs(6))
                .local_address([127, 0, 0, 7].into())
                .min_tls_version(TlsVersion::Tls13)
        };
    }
    let settings = format!("settings: {:?} }}", all_set!(TransportSettings::new()));
    assert!(format!("{:?}", all_set!(HyperTransport::builder())).ends_with(&settings));
    assert!(format!("{:?}", all_set!(ReqwestTransport::builder())).ends_with(&settings));
    assert!(format!("{:?}", all_set!(UreqTransport::builder())).ends_with(&settings));
    all_set!(HyperTransport::builder()).build().unwrap();
    all_set!(UreqTransport::builder()).build().unwrap();
    all_set!(ReqwestTransport::builder()).build().unwrap();
}

async fn connections_of_two_calls<T: Configurable>(transport: T, pause: Duration) -> usize {
    let emulator = Emulator::start().await.unwrap();
    let client = client_over(emulator.base_url().clone(), transport);
    client.get_delegate_access_token(emulator.credential()).await.unwrap();
    tokio::time::sleep(pause).await;
    client.get_delegate_access_token(emulator.credential()).await.unwrap();
    let mut connections: Vec<_> = emulator.requests().iter().map(RecordedRequest::connection).collect();
    connections.dedup();
    connections.len()
}

//! What the settings of the pool and of addresses do.

use std::{net::IpAddr, time::Duration};

use cg_auth_core::transport::TransportErrorKind;
use cg_auth_emulator::{Emulator, RecordedRequest};
use cg_auth_tests::listener::{Listener, TOKEN, ok};

use super::{
    connections::first_call,
    subject::{Configurable, client_over, credential},
};

pub(crate) async fn connections_start_from_the_local_address<T: Configurable>() {
    // Elsewhere the loopback interface has one address only.
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let address: IpAddr = [127, 0, 0, 2].into();
    let listener = Listener::bind().await;
    let transport = T::builder().local_address(address).build().unwrap();
    let client = client_over(listener.base_url(), transport);
    let credential = credential();
    let (answer, (_, connection)) =
        tokio::join!(client.get_delegate_access_token(&credential), listener.answer(ok(TOKEN)));
    answer.unwrap();
    assert_eq!(connection.peer().ip(), address);
}

pub(crate) async fn a_local_address_of_another_machine_is_no_connection<T: Configurable>() {
    let listener = Listener::bind().await;
    let transport = T::builder().local_address([192, 0, 2, 1].into()).build().unwrap();
    let client = client_over(listener.base_url(), transport);
    let error = client.get_delegate_access_token(&credential()).await.unwrap_err();
    let error = error.as_transport().unwrap();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert!(!error.may_have_been_sent());
    assert!(listener.is_left_alone().await);
}

pub(crate) async fn a_pool_of_none_opens_a_connection_for_each_request<T: Configurable>() {
    assert_eq!(connections_of_two_calls(T::builder().build().unwrap(), Duration::ZERO).await, 1);
    let transport = T::builder().pool_max_idle_per_host(0).build().unwrap();
    assert_eq!(connections_of_two_calls(transport, Duration::ZERO).await, 2);
}

pub(crate) async fn an_idle_connection_is_kept_for_its_time<T: Configurable>() {
    let short = T::builder().pool_idle_timeout(Duration::from_millis(1)).build().unwrap();
    assert_eq!(connections_of_two_calls(short, Duration::from_millis(50)).await, 2);
    let long = T::builder().pool_idle_timeout(Duration::from_secs(600)).build().unwrap();
    assert_eq!(connections_of_two_calls(long, Duration::from_millis(50)).await, 1);
}

/// Not only when the next request finds it too old.
pub(crate) async fn an_idle_connection_is_closed_in_time<T: Configurable>() {
    let listener = Listener::bind().await;
    let transport = T::builder().pool_idle_timeout(Duration::from_millis(50)).build().unwrap();
    let client = client_over(listener.base_url(), transport);
    let mut connection = first_call(&client, &listener).await;
    assert!(connection.receive().await.is_none());
    drop(client);
}

pub(crate) async fn no_time_is_too_long<T: Configurable>() {
    let builder = T::builder().connect_timeout(Duration::MAX).pool_idle_timeout(Duration::MAX);
    assert_eq!(connections_of_two_calls(builder.build().unwrap(), Duration::ZERO).await, 1);
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

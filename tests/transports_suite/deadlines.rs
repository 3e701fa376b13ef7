//! Contract rule 8: the client keeps the deadline of a call, the transport the one of a connection.

use std::time::Duration;

use cg_auth_core::{BaseUrl, ErrorKind, Recovery, time::Now, transport::TransportErrorKind};
use cg_auth_tests::listener::{Connection, Listener, while_serving};

use super::subject::{Settings, Subject, client, client_over, credential};

pub(crate) async fn silence_before_the_head_is_a_timeout<T: Subject>() {
    let listener = Listener::bind().await;
    let server = async {
        let mut connection = listener.accept().await;
        connection.receive().await;
        connection
    };
    assert_timeout::<T>(&listener, server).await;
}

pub(crate) async fn silence_within_the_body_is_a_timeout<T: Subject>() {
    let listener = Listener::bind().await;
    let server = async { listener.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await.1 };
    assert_timeout::<T>(&listener, server).await;
}

pub(crate) async fn a_silent_tls_handshake_ends_at_the_connect_timeout<T: Subject>() {
    let listener = Listener::bind().await;
    let base_url = BaseUrl::parse(&format!("https://{}", listener.address())).unwrap();
    let transport = T::build(Settings { connect_timeout: LIMIT, ..Settings::default() }).unwrap();
    let client = client_over(base_url, transport);
    let credential = credential();
    let started = Now::system();
    let call = client.get_delegate_access_token(&credential);
    let error = while_serving(call, listener.accept()).await.unwrap_err();
    assert_took_the_limit(started);
    let error = error.as_transport().unwrap();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert!(!error.may_have_been_sent());
}

const LIMIT: Duration = Duration::from_millis(200);

async fn assert_timeout<T: Subject>(listener: &Listener, server: impl Future<Output = Connection>) {
    let client = client::<T>(listener.base_url()).with_timeout(LIMIT);
    let credential = credential();
    let started = Now::system();
    let error = while_serving(client.get_delegate_access_token(&credential), server).await.unwrap_err();
    assert_took_the_limit(started);
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Timeout, Recovery::Retry));
    assert!(error.may_have_been_sent());
}

/// With ten-fold slack for a slow machine.
fn assert_took_the_limit(started: Now) {
    let elapsed = Now::system().saturating_since(started);
    assert!((LIMIT..10 * LIMIT).contains(&elapsed), "{elapsed:?}");
}

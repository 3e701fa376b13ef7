//! Contract rule 8: the client ends a call at its timeout.

use std::time::Duration;

use cg_auth_core::{CallErrorKind, Recovery, time::Now};
use cg_auth_tests::listener::{Connection, Listener, while_serving};
use macro_rules_attribute::apply;

use super::subject::{Subject, client, credential};

#[apply(every_transport)]
async fn silence_before_the_head_is_a_timeout<T: Subject>() {
    let listener = Listener::bind().await;
    let server = async {
        let mut connection = listener.accept().await;
        connection.receive().await;
        connection
    };
    assert_timeout::<T>(&listener, server).await;
}

#[apply(every_transport)]
async fn silence_within_the_body_is_a_timeout<T: Subject>() {
    let listener = Listener::bind().await;
    let server = async { listener.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await.1 };
    assert_timeout::<T>(&listener, server).await;
}

const LIMIT: Duration = Duration::from_millis(200);

async fn assert_timeout<T: Subject>(listener: &Listener, server: impl Future<Output = Connection>) {
    let client = client::<T>(listener.base_url()).with_timeout(LIMIT);
    let credential = credential();
    let started = Now::system();
    let error = while_serving(client.get_delegate_access_token(&credential), server).await.unwrap_err();
    assert_took(LIMIT, started);
    assert_eq!((error.kind(), error.recovery()), (CallErrorKind::Timeout, Recovery::Retry));
    assert!(error.may_have_been_sent());
}

/// At least `limit`, and at most ten times that on a slow machine.
pub(crate) fn assert_took(limit: Duration, started: Now) {
    let elapsed = Now::system().saturating_since(started);
    assert!((limit..10 * limit).contains(&elapsed), "{elapsed:?}");
}

//! Contract rules 3 and 7: when a connection is reused, replaced or closed.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use cg_auth_core::{AuthClient, BaseUrl, CallErrorKind, testing::ManualClock, transport::TransportErrorKind};
use cg_auth_tests::listener::{Connection, Listener, TOKEN, ok, while_serving};
use cg_auth_transport_util::TransportSettings;
use macro_rules_attribute::apply;

use super::{
    environment::run_in_environment,
    subject::{Configurable, Subject, client, client_over, credential},
};

#[apply(pooling_transports)]
async fn a_kept_connection_is_reused<T: Subject>() {
    let listener = Listener::bind().await;
    let client = client::<T>(listener.base_url());
    let mut connection = first_call(&client, &listener).await;
    let server = async {
        connection.receive().await.expect("the second request on the first connection");
        connection.write(&ok(TOKEN)).await;
    };
    let credential = credential();
    let (answer, ()) = tokio::join!(client.get_delegate_access_token(&credential), server);
    answer.unwrap();
    assert!(listener.is_left_alone().await);
}

/// The end of a connection and the next request may cross. Then the request may have been read.
#[apply(pooling_transports)]
async fn a_request_that_crosses_the_end_of_its_connection_arrives_once<T: Subject>() {
    for _ in 0..10 {
        let listener = Listener::bind().await;
        let client = client::<T>(listener.base_url());
        let mut first = first_call(&client, &listener).await;
        first.shut_down().await;
        let credential = credential();
        let call = client.get_delegate_access_token(&credential);
        let result = while_serving(call, listener.answer(ok(TOKEN))).await;
        drop(client);
        let read_from_the_first = first.receive().await.is_some();
        match result {
            Ok(_) => assert!(!read_from_the_first, "the request was sent again"),
            Err(error) => {
                assert_eq!(error.as_transport().unwrap().kind(), TransportErrorKind::Closed);
                assert!(error.may_have_been_sent() || !read_from_the_first);
            }
        }
        assert!(listener.is_left_alone().await);
    }
}

#[apply(every_transport)]
async fn a_dropped_call_leaves_the_transport_usable<T: Subject>() {
    let listener = Listener::bind().await;
    let client = client::<T>(listener.base_url());
    let credential = credential();
    for _ in 0..3 {
        let call = client.get_delegate_access_token(&credential);
        let request_read = async {
            let mut connection = listener.accept().await;
            connection.receive().await.expect("a request");
            connection
        };
        let mut abandoned = tokio::select! {
            _ = call => panic!("the request was not answered"),
            connection = request_read => connection,
        };
        assert!(abandoned.receive().await.is_none(), "a dropped call sends nothing more");
    }
    first_call(&client, &listener).await;
}

#[apply(transports_on_tokio)]
async fn outside_a_runtime_it_is_a_config_error<T: Subject>() {
    let base_url = Listener::bind().await.base_url();
    let outside = std::thread::spawn(move || {
        let client = AuthClient::with_runtime(base_url, T::default(), ManualClock::new());
        let credential = credential();
        let call = pin!(client.get_delegate_access_token(&credential));
        match call.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result.unwrap_err().kind(),
            Poll::Pending => panic!("nothing would wake the call"),
        }
    });
    let kind = tokio::task::spawn_blocking(|| outside.join()).await.unwrap().expect("no panic");
    assert_eq!(kind, CallErrorKind::Config);
}

/// On Linux the variables name the files that hold the root certificates. Elsewhere they have no effect.
#[apply(own_transports)]
async fn without_root_certificates_only_https_is_a_config_error<T: Configurable>() {
    const NONE: (&str, &str) = ("SSL_CERT_FILE", "/nonexistent");
    if std::env::var_os(NONE.0).is_none_or(|file| file != NONE.1) {
        let none = [NONE, ("SSL_CERT_DIR", "/nonexistent")];
        let test = "without_root_certificates_only_https_is_a_config_error";
        return run_in_environment::<T>(module_path!(), test, &none).await;
    }
    let listener = Listener::bind().await;
    let transport = T::with_settings(TransportSettings::new());
    first_call(&client_over(listener.base_url(), transport), &listener).await;
    if cfg!(target_os = "linux") {
        let https = BaseUrl::parse(&format!("https://{}", listener.address())).unwrap();
        let client = client_over(https, T::with_settings(TransportSettings::new()));
        let error = client.get_delegate_access_token(&credential()).await.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Config);
    }
}

/// Makes a call that is answered. Returns its connection, which stays open.
pub(crate) async fn first_call(client: &AuthClient, listener: &Listener) -> Connection {
    let credential = credential();
    let (answer, (_, connection)) =
        tokio::join!(client.get_delegate_access_token(&credential), listener.answer(ok(TOKEN)));
    answer.unwrap();
    connection
}

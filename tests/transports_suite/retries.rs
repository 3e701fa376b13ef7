//! What a call over a real network survives, attempt by attempt.

use std::time::Duration;

use cg_auth_core::{AuthClient, model::RefreshToken};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_tests::listener::{Listener, TOKEN, ok, while_serving};

use super::subject::{Subject, credential};

pub(crate) async fn a_delegation_survives_dropped_connections<T: Subject>() {
    let listener = Listener::bind().await;
    let client = AuthClient::new(listener.base_url(), T::default());
    let server = async {
        drop(listener.answer("").await);
        drop(listener.answer("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{").await);
        listener.answer(ok(TOKEN)).await
    };
    let credential = credential();
    while_serving(client.get_delegate_access_token(&credential), server).await.unwrap();
}

pub(crate) async fn an_outage_of_the_service_is_survived<T: Subject>() {
    let emulator = Emulator::start().await.unwrap();
    let client = AuthClient::new(emulator.base_url().clone(), T::default());
    let _busy = emulator.next(Operation::GetDelegateAccessToken).refuse(503);
    let _dropped = emulator.next(Operation::GetDelegateAccessToken).drop_connection();
    let token = client.get_delegate_access_token(emulator.credential()).await.unwrap().value;
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 3);

    let _turned_away = emulator.next(Operation::RefreshUserAccessToken).refuse(503);
    let refresh_token = token.refresh_token().unwrap();
    let refresh = client.refresh_user_access_token(emulator.credential(), refresh_token);
    assert_eq!(refresh.await.unwrap_err().attempts(), 1, "nobody said when to come back");
}

pub(crate) async fn a_refresh_that_may_have_arrived_is_not_repeated<T: Subject>() {
    let listener = Listener::bind().await;
    let client = AuthClient::new(listener.base_url(), T::default());
    let (credential, refresh_token) = (credential(), RefreshToken::new("rt-1").unwrap());
    let call = client.refresh_user_access_token(&credential, &refresh_token);
    let server = async { drop(listener.answer("").await) };
    let error = while_serving(call, server).await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert!(error.may_have_been_sent());
    assert!(listener.is_left_alone().await);
}

pub(crate) async fn a_refresh_that_was_turned_away_comes_back_in_time<T: Subject>() {
    let listener = Listener::bind().await;
    let client = AuthClient::new(listener.base_url(), T::default());
    let (credential, refresh_token) = (credential(), RefreshToken::new("rt-1").unwrap());
    let busy = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    let server = async {
        let (_, mut connection) = listener.answer(busy).await;
        let come_back = tokio::time::timeout(Duration::from_millis(900), connection.receive()).await;
        assert!(come_back.is_err(), "too early");
        connection.receive().await.expect("the second attempt");
        connection.write(&ok(TOKEN)).await;
        connection
    };
    while_serving(client.refresh_user_access_token(&credential, &refresh_token), server).await.unwrap();
}

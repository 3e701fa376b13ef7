//! What a call over a real network survives, attempt by attempt.

use std::{pin::pin, time::Duration};

use cg_auth_core::{AuthClient, BaseUrl, RetryPolicy, model::RefreshToken};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_tests::listener::{Listener, TOKEN, ok, while_serving};
use http::StatusCode;
use tokio::net::TcpSocket;

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

pub(crate) async fn a_deletion_survives_dropped_connections<T: Subject>() {
    let emulator = Emulator::start().await.unwrap();
    let client = AuthClient::new(emulator.base_url().clone(), T::default());
    let _dropped = emulator.next(Operation::DeleteTokenCache).times(2).drop_connection();
    client.delete_token_cache(emulator.credential()).await.unwrap();
    assert_eq!(emulator.count(Operation::DeleteTokenCache), 3);
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
    let busy = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let server = async {
        drop(listener.answer(busy).await);
        let mut second = pin!(listener.answer(ok(TOKEN)));
        let come_back = tokio::time::timeout(Duration::from_millis(900), &mut second).await;
        assert!(come_back.is_err(), "too early");
        second.await
    };
    while_serving(client.refresh_user_access_token(&credential, &refresh_token), server).await.unwrap();
}

/// The port belongs to the test all the while, and refuses connections until somebody listens.
pub(crate) async fn a_refresh_that_did_not_leave_is_repeated<T: Subject>() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let base_url = BaseUrl::parse(&format!("http://{}", socket.local_addr().unwrap())).unwrap();
    let policy = RetryPolicy::new().with_max_attempts(8).with_waits(A_MOMENT, A_MOMENT);
    let client = AuthClient::new(base_url, T::default()).with_retry_policy(policy);
    let (credential, refresh_token) = (credential(), RefreshToken::new("rt-1").unwrap());
    let mut call = pin!(client.refresh_user_access_token(&credential, &refresh_token));
    let refused = tokio::time::timeout(A_MOMENT / 20, &mut call).await;
    assert!(refused.is_err(), "it has given up: {refused:?}");
    let listener = Listener::from(socket.listen(1).unwrap());
    while_serving(call, listener.answer(ok(TOKEN))).await.unwrap();
}

pub(crate) async fn a_throttled_call_comes_back_when_it_was_told_to<T: Subject>() {
    let emulator = Emulator::start().await.unwrap();
    let client = AuthClient::new(emulator.base_url().clone(), T::default());
    let busy = emulator.next(Operation::GetDelegateAccessToken).retry_after(Duration::from_secs(1));
    let _busy = busy.refuse(429);
    let started = emulator.clock().now();
    client.get_delegate_access_token(emulator.credential()).await.unwrap();
    assert!(emulator.clock().now().saturating_since(started) >= Duration::from_secs(1));

    let out_of_reach = emulator.next(Operation::GetDelegateAccessToken).retry_after(AN_HOUR);
    let _out_of_reach = out_of_reach.refuse(429);
    let error = client.get_delegate_access_token(emulator.credential()).await.unwrap_err();
    assert_eq!((error.attempts(), error.status()), (1, Some(StatusCode::TOO_MANY_REQUESTS)));
    assert_eq!(error.retry_after(), Some(AN_HOUR));
}

pub(crate) async fn a_date_tells_when_to_come_back_too<T: Subject>() {
    let listener = Listener::bind().await;
    let client = AuthClient::new(listener.base_url(), T::default());
    let busy = "HTTP/1.1 503 Service Unavailable\r\ndate: Wed, 15 Sep 2021 08:14:18 GMT\r\n\
                retry-after: Wed, 15 Sep 2021 09:14:18 GMT\r\ncontent-length: 0\r\n\r\n";
    let credential = credential();
    let call = client.get_delegate_access_token(&credential);
    let error = while_serving(call, listener.answer(busy)).await.unwrap_err();
    assert_eq!((error.attempts(), error.retry_after()), (1, Some(AN_HOUR)));
}

pub(crate) async fn an_attempt_that_nobody_answers_gives_way_to_the_next<T: Subject>() {
    let listener = Listener::bind().await;
    let policy = RetryPolicy::new().with_attempt_timeout(A_MOMENT).with_waits(Duration::ZERO, Duration::ZERO);
    let client = AuthClient::new(listener.base_url(), T::default()).with_retry_policy(policy);
    let server = async {
        let mut silent = listener.accept().await;
        silent.receive().await.expect("a request");
        (listener.answer(ok(TOKEN)).await, silent)
    };
    let credential = credential();
    while_serving(client.get_delegate_access_token(&credential), server).await.unwrap();
}

const A_MOMENT: Duration = Duration::from_secs(1);
const AN_HOUR: Duration = Duration::from_secs(60 * 60);

//! Retries over real connections. The client's time runs faster than the real one.

use std::{pin::pin, time::Duration};

use cg_auth_core::{
    AuthClient, BaseUrl, RetryPolicy, model::RefreshToken, testing::ManualClock, time::Runtime,
};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_tests::listener::{Listener, TOKEN, ok, while_serving};
use http::StatusCode;
use macro_rules_attribute::apply;
use tokio::net::TcpSocket;

use super::subject::{Subject, credential};

#[apply(every_transport)]
async fn a_delegation_survives_dropped_connections<T: Subject>() {
    let listener = Listener::bind().await;
    let (client, clock) = client::<T>(&listener.base_url());
    let server = async {
        drop(listener.answer("").await);
        drop(listener.answer("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{").await);
        listener.answer(ok(TOKEN)).await
    };
    let credential = credential();
    let call = in_fast_motion(&clock, client.get_delegate_access_token(&credential));
    while_serving(call, server).await.unwrap();
}

#[apply(every_transport)]
async fn a_deletion_survives_dropped_connections<T: Subject>() {
    let emulator = Emulator::start().await.unwrap();
    let (client, clock) = client::<T>(emulator.base_url());
    let _dropped = emulator.next(Operation::DeleteTokenCache).times(2).drop_connection();
    in_fast_motion(&clock, client.delete_token_cache(emulator.credential())).await.unwrap();
    assert_eq!(emulator.count(Operation::DeleteTokenCache), 3);
}

#[apply(every_transport)]
async fn a_short_outage_of_the_service_is_survived<T: Subject>() {
    let emulator = Emulator::start().await.unwrap();
    let (client, clock) = client::<T>(emulator.base_url());
    let _busy = emulator.next(Operation::GetDelegateAccessToken).refuse(503);
    let _dropped = emulator.next(Operation::GetDelegateAccessToken).drop_connection();
    let call = client.get_delegate_access_token(emulator.credential());
    let token = in_fast_motion(&clock, call).await.unwrap().value;
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 3);

    let _busy = emulator.next(Operation::RefreshUserAccessToken).refuse(503);
    let refresh_token = token.refresh_token().unwrap();
    let refresh = client.refresh_user_access_token(emulator.credential(), refresh_token);
    let error = in_fast_motion(&clock, refresh).await.unwrap_err();
    assert_eq!(error.attempts(), 1, "a refresh without Retry-After is not repeated");
}

#[apply(every_transport)]
async fn a_refresh_that_may_have_arrived_is_not_repeated<T: Subject>() {
    let listener = Listener::bind().await;
    let (client, clock) = client::<T>(&listener.base_url());
    let (credential, refresh_token) = (credential(), RefreshToken::new("rt-1").unwrap());
    let call = in_fast_motion(&clock, client.refresh_user_access_token(&credential, &refresh_token));
    let server = async { drop(listener.answer("").await) };
    let error = while_serving(call, server).await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert!(error.may_have_been_sent());
    assert!(listener.is_left_alone().await);
}

#[apply(every_transport)]
async fn a_refresh_with_retry_after_is_repeated_after_that_time<T: Subject>() {
    let listener = Listener::bind().await;
    let (client, clock) = client::<T>(&listener.base_url());
    let (credential, refresh_token) = (credential(), RefreshToken::new("rt-1").unwrap());
    let busy = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let server = async {
        drop(listener.answer(busy).await);
        let refused = clock.now();
        let second = listener.answer(ok(TOKEN)).await;
        let waited = clock.now().saturating_since(refused);
        assert!(waited >= Duration::from_secs(1), "{waited:?}");
        second
    };
    let call = in_fast_motion(&clock, client.refresh_user_access_token(&credential, &refresh_token));
    while_serving(call, server).await.unwrap();
}

/// The test owns the port from the start. The port refuses connections until the test listens on it.
#[apply(every_transport)]
async fn a_refresh_that_was_not_sent_is_repeated<T: Subject>() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let base_url = BaseUrl::parse(&format!("http://{}", socket.local_addr().unwrap())).unwrap();
    let (client, clock) = client::<T>(&base_url);
    let (credential, refresh_token) = (credential(), RefreshToken::new("rt-1").unwrap());
    let mut call = pin!(client.refresh_user_access_token(&credential, &refresh_token));
    // The clock stands still, so the second attempt does not begin.
    let refused = tokio::time::timeout(Duration::from_millis(50), &mut call).await;
    assert!(refused.is_err(), "it has given up: {refused:?}");
    let listener = Listener::from(socket.listen(1).unwrap());
    while_serving(in_fast_motion(&clock, call), listener.answer(ok(TOKEN))).await.unwrap();
}

#[apply(every_transport)]
async fn a_throttled_call_is_repeated_after_the_named_time<T: Subject>() {
    let emulator = Emulator::start().await.unwrap();
    let (client, clock) = client::<T>(emulator.base_url());
    let busy = emulator.next(Operation::GetDelegateAccessToken).retry_after(Duration::from_secs(1));
    let _busy = busy.refuse(429);
    let started = clock.now();
    in_fast_motion(&clock, client.get_delegate_access_token(emulator.credential())).await.unwrap();
    assert!(clock.now().saturating_since(started) >= Duration::from_secs(1));

    let too_late = emulator.next(Operation::GetDelegateAccessToken).retry_after(AN_HOUR);
    let _too_late = too_late.refuse(429);
    let call = client.get_delegate_access_token(emulator.credential());
    let error = in_fast_motion(&clock, call).await.unwrap_err();
    assert_eq!((error.attempts(), error.status()), (1, Some(StatusCode::TOO_MANY_REQUESTS)));
    assert_eq!(error.retry_after(), Some(AN_HOUR));
}

#[apply(every_transport)]
async fn the_named_time_may_be_a_date<T: Subject>() {
    let listener = Listener::bind().await;
    let (client, clock) = client::<T>(&listener.base_url());
    let busy = "HTTP/1.1 503 Service Unavailable\r\ndate: Wed, 15 Sep 2021 08:14:18 GMT\r\n\
                retry-after: Wed, 15 Sep 2021 09:14:18 GMT\r\ncontent-length: 0\r\n\r\n";
    let credential = credential();
    let call = in_fast_motion(&clock, client.get_delegate_access_token(&credential));
    let error = while_serving(call, listener.answer(busy)).await.unwrap_err();
    assert_eq!((error.attempts(), error.retry_after()), (1, Some(AN_HOUR)));
}

#[apply(every_transport)]
async fn an_unanswered_attempt_ends_and_the_next_begins<T: Subject>() {
    let listener = Listener::bind().await;
    let policy = RetryPolicy::new()
        .with_attempt_timeout(Duration::from_secs(2))
        .with_waits(Duration::ZERO, Duration::ZERO);
    let (client, clock) = client::<T>(&listener.base_url());
    let client = client.with_retry_policy(policy);
    let server = async {
        let mut silent = listener.accept().await;
        silent.receive().await.expect("a request");
        (listener.answer(ok(TOKEN)).await, silent)
    };
    let credential = credential();
    let call = in_fast_motion(&clock, client.get_delegate_access_token(&credential));
    while_serving(call, server).await.unwrap();
}

const AN_HOUR: Duration = Duration::from_secs(60 * 60);

/// A client with the default retries, and the clock that it uses.
fn client<T: Subject>(base_url: &BaseUrl) -> (AuthClient, ManualClock) {
    let clock = ManualClock::new();
    (AuthClient::with_runtime(base_url.clone(), T::default(), clock.clone()), clock)
}

/// The output of `call`, while `clock` runs at most ten times as fast as real time.
async fn in_fast_motion<T>(clock: &ManualClock, call: impl Future<Output = T>) -> T {
    let time = async {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            clock.advance(Duration::from_millis(10));
        }
    };
    tokio::select! {
        output = call => output,
        never = time => never,
    }
}

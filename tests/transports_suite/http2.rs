//! Contract rules 6 and 9 over HTTP/2: which failures were seen by nobody, and no word of the peer's.

use std::{error::Error, iter::successors, time::Duration};

use cg_auth_core::{
    AuthClient,
    transport::{TransportError, TransportErrorKind},
};
use cg_auth_tests::{
    http2::{DATA, GOAWAY, Http2, RST_STREAM},
    listener::{Listener, TOKEN, while_serving},
};

use super::subject::{Settings, Subject, client_over, credential};

pub(crate) async fn a_refused_stream_was_not_sent<T: Subject>() {
    let error = failure::<T>(async |http2: &mut Http2, stream| {
        let refused_stream = 7_u32;
        http2.write(RST_STREAM, 0, stream, &refused_stream.to_be_bytes()).await;
    })
    .await;
    assert_eq!(error.kind(), TransportErrorKind::Closed);
    assert!(!error.may_have_been_sent());
}

pub(crate) async fn a_frame_that_breaks_the_protocol_is_malformed<T: Subject>() {
    let error =
        failure::<T>(async |http2: &mut Http2, _| http2.write(DATA, 0, 0, b"of no stream").await).await;
    assert_eq!(error.kind(), TransportErrorKind::Malformed);
    assert!(error.may_have_been_sent());
}

pub(crate) async fn the_last_words_of_a_server_are_not_repeated<T: Subject>() {
    let secret = credential().client_secret().expose_secret().to_owned();
    let error = failure::<T>(async |http2: &mut Http2, _| {
        let protocol_error = 1_u32;
        let mut payload = [0_u32.to_be_bytes(), protocol_error.to_be_bytes()].concat();
        payload.extend(format!("bad header clientsecret: {secret}").as_bytes());
        http2.write(GOAWAY, 0, 0, &payload).await;
    })
    .await;
    assert!(error.may_have_been_sent());
    let causes = successors(Some(&error as &dyn Error), |&error| error.source());
    let told: String = causes.map(|error| format!("{error} {error:?} ")).collect();
    assert!(told.contains("PROTOCOL_ERROR"), "{told}");
    assert!(!told.contains(&secret) && !told.contains("bad header"), "{told}");
}

/// A load balancer may forget a flow without a word. Pings find that out, so that not every call of the
/// next minutes runs into its deadline.
pub(crate) async fn a_connection_that_fell_silent_is_replaced<T: Subject>() {
    let listener = Listener::bind().await;
    let client = client::<T>(&listener).with_timeout(Duration::from_secs(1));
    let credential = credential();
    let server = async {
        let mut silent = Http2::accept(&listener).await;
        let stream = silent.request().await;
        silent.answer(stream, TOKEN).await;
        let mut second = Http2::accept(&listener).await;
        loop {
            let stream = second.request().await;
            second.answer(stream, TOKEN).await;
        }
    };
    let calls = async {
        client.get_delegate_access_token(&credential).await.unwrap();
        while client.get_delegate_access_token(&credential).await.is_err() {}
    };
    while_serving(calls, server).await;
}

/// What a call over HTTP/2 fails with when its request is met with `fault`.
async fn failure<T: Subject>(fault: impl AsyncFnOnce(&mut Http2, u32)) -> TransportError {
    let listener = Listener::bind().await;
    let client = client::<T>(&listener);
    let server = async {
        let mut http2 = Http2::accept(&listener).await;
        let stream = http2.request().await;
        fault(&mut http2, stream).await;
        while http2.read().await.is_some() {}
        http2
    };
    let credential = credential();
    let error = while_serving(client.get_delegate_access_token(&credential), server).await.unwrap_err();
    error.as_transport().unwrap().clone()
}

fn client<T: Subject>(listener: &Listener) -> AuthClient {
    let settings = Settings { http2_prior_knowledge: true, ..Settings::default() };
    client_over(listener.base_url(), T::build(settings).unwrap())
}

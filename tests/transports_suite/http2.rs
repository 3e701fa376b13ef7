//! Contract rule 9 over HTTP/2, and a connection that dies without a word.

use std::{error::Error, iter::successors, time::Duration};

use cg_auth_core::{AuthClient, endpoint::Answer, model::DelegatedAccessToken};
use cg_auth_tests::{
    http2::{GOAWAY, Http2},
    listener::{Listener, TOKEN, while_serving},
};

use super::subject::{Settings, Subject, client_over, credential};

pub(crate) async fn the_last_words_of_a_server_are_not_repeated<T: Subject>() {
    let secret = credential().client_secret().expose_secret().to_owned();
    let result = call::<T>(async |mut http2: Http2, _| {
        let protocol_error = 1_u32;
        let mut payload = [0_u32.to_be_bytes(), protocol_error.to_be_bytes()].concat();
        payload.extend(format!("bad header clientsecret: {secret}").as_bytes());
        http2.write(GOAWAY, 0, 0, &payload).await;
        http2.read_to_the_end().await;
    })
    .await;
    let error = result.unwrap_err();
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

/// What becomes of a call over HTTP/2 when its request is met with `fault`.
pub(crate) async fn call<T: Subject>(
    fault: impl AsyncFnOnce(Http2, u32),
) -> Result<Answer<DelegatedAccessToken>, cg_auth_core::CallError> {
    let listener = Listener::bind().await;
    let client = client::<T>(&listener);
    let server = async {
        let mut http2 = Http2::accept(&listener).await;
        let stream = http2.request().await;
        fault(http2, stream).await;
    };
    let credential = credential();
    while_serving(client.get_delegate_access_token(&credential), server).await
}

/// A client that speaks HTTP/2 to `listener` from the first byte.
pub(crate) fn client<T: Subject>(listener: &Listener) -> AuthClient {
    let settings = Settings { http2_prior_knowledge: true, ..Settings::default() };
    client_over(listener.base_url(), T::with(settings))
}

//! HTTP/2: contract rule 9, and a connection that falls silent.

use std::time::Duration;

use cg_auth_core::{AuthClient, CallError, endpoint::Answer, model::DelegatedAccessToken};
use cg_auth_tests::{
    http2::{GOAWAY, Http2, RST_STREAM},
    join::join_all,
    listener::{Listener, TOKEN, while_serving},
};
use cg_auth_transport_util::Http2::PriorKnowledge;
use macro_rules_attribute::apply;

use super::{
    messages::everything_shown,
    subject::{Configurable, Subject, client_over, credential, settings, without_platform_roots},
};

#[apply(transports_with_http2)]
async fn the_debug_data_of_a_goaway_is_not_shown<T: Subject>() {
    let secret = credential().client_secret().expose_secret().to_owned();
    let result = call::<T>(async |mut http2: Http2, _| {
        let protocol_error = 1_u32;
        let mut payload = [0_u32.to_be_bytes(), protocol_error.to_be_bytes()].concat();
        payload.extend(format!("bad header clientsecret: {secret}").as_bytes());
        http2.write(GOAWAY, 0, 0, &payload).await;
        http2.read_to_the_end().await;
    })
    .await;
    let shown = everything_shown(&result.unwrap_err());
    assert!(shown.contains("PROTOCOL_ERROR"), "{shown}");
    assert!(!shown.contains(&secret) && !shown.contains("bad header"), "{shown}");
}

/// A server that needs no more of the request may say so after its answer (RFC 9113 section 8.1).
#[apply(transports_with_http2)]
async fn an_answer_that_has_ended_survives_the_reset_of_its_stream<T: Subject>() {
    let result = call::<T>(async |mut http2: Http2, stream| {
        http2.answer(stream, TOKEN).await;
        http2.write(RST_STREAM, 0, stream, &0_u32.to_be_bytes()).await;
        http2.read_to_the_end().await;
    })
    .await;
    assert_eq!(result.unwrap().value.access_token().expose_secret(), "at-1");
}

/// A GOAWAY that names the last stream which the server answers says of every later one that it was not
/// processed. Each of those calls is repeated on another connection.
#[apply(own_transports_with_http2)]
async fn calls_that_a_goaway_does_not_cover_all_succeed<T: Configurable>() {
    const CALLS: usize = 16;
    let listener = Listener::bind().await;
    let settings = without_platform_roots().http2(PriorKnowledge);
    let client = AuthClient::new(listener.base_url(), T::with_settings(settings));
    let credential = credential();
    let server = async {
        let mut first = Http2::accept(&listener).await;
        let answered = first.request().await;
        for _ in 1..CALLS {
            first.request().await;
        }
        first.answer(answered, TOKEN).await;
        let no_error = 0_u32;
        first.write(GOAWAY, 0, 0, &[answered.to_be_bytes(), no_error.to_be_bytes()].concat()).await;
        let next = async {
            loop {
                let mut next = Http2::accept(&listener).await;
                tokio::spawn(async move {
                    while let Some(stream) = next.request_or_end().await {
                        next.answer(stream, TOKEN).await;
                    }
                });
            }
        };
        tokio::join!(first.read_to_the_end(), next)
    };
    let calls = join_all((0..CALLS).map(|_| client.get_delegate_access_token(&credential)));
    for answer in while_serving(calls, server).await {
        answer.unwrap();
    }
}

/// A load balancer may forget a connection without closing it. Pings find that out; without them every call
/// runs into its timeout.
#[apply(own_transports_with_http2)]
async fn a_silent_connection_is_replaced<T: Configurable>() {
    let listener = Listener::bind().await;
    let settings = without_platform_roots()
        .http2(PriorKnowledge)
        .http2_ping_interval(A_MOMENT)
        .http2_ping_timeout(A_MOMENT);
    let client = client_over(listener.base_url(), T::with_settings(settings)).with_timeout(10 * A_MOMENT);
    let credential = credential();
    let server = async {
        let mut silent = Http2::accept(&listener).await;
        let stream = silent.request().await;
        silent.answer(stream, TOKEN).await;
        // Pings end this connection too, should the next call come late.
        loop {
            let mut next = Http2::accept(&listener).await;
            while let Some(stream) = next.request_or_end().await {
                next.answer(stream, TOKEN).await;
            }
        }
    };
    let calls = async {
        client.get_delegate_access_token(&credential).await.unwrap();
        while client.get_delegate_access_token(&credential).await.is_err() {}
    };
    while_serving(calls, server).await;
}

const A_MOMENT: Duration = Duration::from_millis(100);

/// The result of a call over HTTP/2 whose request meets `fault`.
pub(crate) async fn call<T: Subject>(
    fault: impl AsyncFnOnce(Http2, u32),
) -> Result<Answer<DelegatedAccessToken>, CallError> {
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

/// A client that uses HTTP/2 with prior knowledge.
pub(crate) fn client<T: Subject>(listener: &Listener) -> AuthClient {
    let settings = settings(|settings| settings.http2_prior_knowledge = true);
    client_over(listener.base_url(), T::with(&settings))
}

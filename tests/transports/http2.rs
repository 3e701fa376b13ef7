//! HTTP/2: calls that a GOAWAY does not cover, and a connection that falls silent.

use std::time::Duration;

use cg_auth_core::{AuthClient, CallError, endpoint::Answer, model::DelegatedAccessToken};
use cg_auth_tests::{
    http2::{GOAWAY, Http2},
    join::join_all,
    listener::{Listener, TOKEN, while_serving},
};
use cg_auth_transport_util::Http2::PriorKnowledge;
use macro_rules_attribute::apply;

use super::subject::{Configurable, Subject, client_over, credential, settings, without_platform_roots};

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

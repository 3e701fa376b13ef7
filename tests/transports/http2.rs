//! HTTP/2: contract rule 9, and a connection that falls silent.

use std::time::Duration;

use cg_auth_core::{AuthClient, CallError, endpoint::Answer, model::DelegatedAccessToken};
use cg_auth_tests::{
    http2::{GOAWAY, Http2},
    listener::{Listener, TOKEN, while_serving},
};
use cg_auth_transport_util::Http2::PriorKnowledge;
use macro_rules_attribute::apply;

use super::{
    messages::everything_shown,
    subject::{Configurable, Settings, Subject, client_over, credential, without_platform_roots},
};

#[apply(every_transport)]
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

/// A load balancer may forget a connection without closing it. Pings find that out; without them every call
/// runs into its timeout.
#[apply(own_transports)]
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
    let settings = Settings { http2_prior_knowledge: true, ..Settings::default() };
    client_over(listener.base_url(), T::with(settings))
}

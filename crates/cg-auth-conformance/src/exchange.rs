//! A call beside its server, and the requests that the suite sends.

use std::{cell::Cell, time::Duration};

use cg_auth_core::{
    BaseUrl,
    body::Body,
    causes::cause_chain,
    endpoint::{DeleteTokenCache, Endpoint, GetDelegateAccessToken, RefreshUserAccessToken, RequestOptions},
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response};
use tokio::{pin, select, time::timeout};

use crate::{
    failure::{Failure, ensure},
    secrets::{credential, refresh_token},
    servers::{
        http2::Http2,
        listener::{Connection, Listener, TOKEN, ok, while_serving},
    },
    settings::Settings,
    subject::Subject,
};

/// The result of a call.
pub(crate) type Sent = Result<Response<Body>, TransportError>;

/// Runs `call` and `server` together until both have ended. Fails if one ends and the other waits on.
pub(crate) async fn exchange<S>(
    call: impl Future<Output = Sent>,
    server: impl Future<Output = S>,
) -> Result<(Sent, S), Failure> {
    pin!(call, server);
    select! {
        served = &mut server => Ok((soon(call, WAITS_ON).await?, served)),
        sent = &mut call => match timeout(A_WHILE, &mut server).await {
            Ok(served) => Ok((sent, served)),
            Err(_) => Err(early(&sent)),
        },
    }
}

/// Like [`exchange`], for a call that must be answered.
pub(crate) async fn answered<S>(
    call: impl Future<Output = Sent>,
    server: impl Future<Output = S>,
) -> Result<(Response<Body>, S), Failure> {
    let (sent, served) = exchange(call, server).await?;
    Ok((sent?, served))
}

/// Makes a call that is answered. Returns its connection, which stays open.
pub(crate) async fn first_call(
    transport: &dyn HttpTransport,
    listener: &Listener,
) -> Result<Connection, Failure> {
    let call = transport.send(delegation(&listener.base_url())?);
    let (_, (_, connection)) = answered(call, listener.answer(ok(TOKEN))).await?;
    Ok(connection)
}

/// The result of a call over HTTP/2 whose request meets `fault`. The server goes on until the call has ended.
pub(crate) async fn call_over_http2(
    subject: &dyn Subject,
    fault: impl AsyncFnOnce(Http2, u32),
) -> Result<Sent, Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings { http2_prior_knowledge: true, ..Settings::default() });
    let is_received = Cell::new(false);
    let server = async {
        let mut http2 = Http2::accept(&listener).await;
        let stream = http2.request().await;
        is_received.set(true);
        fault(http2, stream).await;
    };
    let call = while_serving(transport.send(delegation(&listener.base_url())?), server);
    let sent = soon(call, WAITS_ON).await?;
    if is_received.get() { Ok(sent) } else { Err(early(&sent)) }
}

/// Waits for `event` while `call` goes on. Fails if the call ends first.
pub(crate) async fn before_the_end<T>(
    call: impl Future<Output = Sent>,
    event: impl Future<Output = T>,
) -> Result<T, Failure> {
    select! {
        sent = call => Err(early(&sent)),
        event = event => Ok(event),
    }
}

/// Waits for `server`, which ends once the transport has given up. Fails if that takes too long.
pub(crate) async fn soon<T>(server: impl Future<Output = T>, what: &str) -> Result<T, Failure> {
    let ended = timeout(A_LONG_WHILE, server).await;
    ended.map_err(|_| Failure::new(format!("{what} within {A_LONG_WHILE:?}")))
}

/// Fails if the listener receives a further connection.
pub(crate) async fn ensure_left_alone(listener: &Listener, what: &str) -> Result<(), Failure> {
    ensure!(listener.is_left_alone().await, "{what} received a connection");
    Ok(())
}

/// The error of a call that must fail.
pub(crate) fn error_of(sent: Sent) -> Result<TransportError, Failure> {
    match sent {
        Err(error) => Ok(error),
        Ok(_) => Err(Failure::new(described(&sent))),
    }
}

fn early(sent: &Sent) -> Failure {
    Failure::new(format!("the call ended before the server had what it waits for: {}", described(sent)))
}

fn described(sent: &Sent) -> String {
    match sent {
        Ok(response) => format!("it was answered with {}", response.status()),
        Err(error) => format!("it failed ({:?}): {}", error.kind(), cause_chain(error)),
    }
}

/// The request for a delegated token: a POST with a body and a secret header.
pub(crate) fn delegation(base_url: &BaseUrl) -> Result<Request<Body>, Failure> {
    Ok(GetDelegateAccessToken::new(credential()?).to_request(base_url, &RequestOptions::new())?)
}

/// The request for a refresh: a POST without a body, with two secret headers.
pub(crate) fn refresh(base_url: &BaseUrl) -> Result<Request<Body>, Failure> {
    let endpoint = RefreshUserAccessToken::new(credential()?, refresh_token()?);
    Ok(endpoint.to_request(base_url, &RequestOptions::new())?)
}

/// The request for a deletion: a DELETE with a body.
pub(crate) fn deletion(base_url: &BaseUrl) -> Result<Request<Body>, Failure> {
    Ok(DeleteTokenCache::new(credential()?).to_request(base_url, &RequestOptions::new())?)
}

/// A GET of an absolute URL.
pub(crate) fn get(url: &str) -> Result<Request<Body>, Failure> {
    Ok(Request::get(url).body(Body::empty())?)
}

/// A GET of the root of `listener`.
pub(crate) fn get_from(listener: &Listener) -> Result<Request<Body>, Failure> {
    get(listener.base_url().as_str())
}

const WAITS_ON: &str = "the transport waited on or sent its request again, and the call did not end";
/// A server on this machine receives a request in a fraction of this time, even under load.
const A_WHILE: Duration = Duration::from_secs(3);
/// A transport closes what it gave up in a fraction of this time, even under load.
const A_LONG_WHILE: Duration = Duration::from_secs(10);

//! A call beside its server, and the requests that the suite sends.

use std::time::Duration;

use cg_auth_core::{
    BaseUrl,
    body::Body,
    causes::cause_chain,
    endpoint::{DeleteTokenCache, Endpoint, GetDelegateAccessToken, RefreshUserAccessToken, RequestOptions},
    transport::TransportError,
};
use http::{Request, Response};
use tokio::{pin, select, time::timeout};

use crate::{
    failure::Failure,
    secrets::{credential, refresh_token},
};

/// The result of a call.
pub(crate) type Sent = Result<Response<Body>, TransportError>;

/// Runs `call` and `server` together until both have ended. Fails if the call ends while the server still
/// waits for something.
pub(crate) async fn exchange<S>(
    call: impl Future<Output = Sent>,
    server: impl Future<Output = S>,
) -> Result<(Sent, S), Failure> {
    pin!(call, server);
    select! {
        served = &mut server => Ok((call.await, served)),
        sent = &mut call => match timeout(A_WHILE, &mut server).await {
            Ok(served) => Ok((sent, served)),
            Err(_) => Err(Failure::new(format!(
                "the call ended before the server had what it waits for: {}", described(&sent)
            ))),
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

/// The error of a call that must fail.
pub(crate) fn error_of(sent: Sent) -> Result<TransportError, Failure> {
    match sent {
        Err(error) => Ok(error),
        Ok(_) => Err(Failure::new(described(&sent))),
    }
}

fn described(sent: &Sent) -> String {
    match sent {
        Ok(response) => format!("it was answered with {}", response.status()),
        Err(error) => format!("it failed ({:?}): {}", error.kind(), cause_chain(error)),
    }
}

/// What a server on this machine receives in a fraction of, even on a busy one.
const A_WHILE: Duration = Duration::from_secs(2);

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

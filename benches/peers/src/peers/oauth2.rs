//! oauth2: a `BasicClient` with the credentials of a client, over any function from a request to a response. It has no
//! cache.

use std::{convert::Infallible, fmt, future::Future};

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use oauth2::{
    ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, TokenResponse, TokenUrl,
    basic::{BasicClient, BasicTokenResponse},
};

use crate::{cache::Refused, connectors::LoopbackClient};

type Client = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

pub struct OAuth2(Client);

impl OAuth2 {
    pub fn new() -> Self {
        let client = BasicClient::new(ClientId::new("client-id".into()))
            .set_client_secret(ClientSecret::new("dGVzdC1vbmx5LXNlY3JldA==".into()))
            .set_token_uri(TokenUrl::new("https://example.com/token".into()).unwrap());
        Self(client)
    }

    /// Builds the request, and ends the call before it is sent.
    pub fn build(&self) -> HttpRequest {
        let built = std::cell::RefCell::new(None);
        let keep = |request| {
            *built.borrow_mut() = Some(request);
            Err::<HttpResponse, _>(NotSent)
        };
        assert!(self.0.exchange_client_credentials().request(&keep).is_err());
        built.into_inner().unwrap()
    }

    pub fn read(answer: &[u8]) -> usize {
        let answer: BasicTokenResponse = serde_json::from_slice(answer).unwrap();
        answer.access_token().secret().len()
    }

    pub fn exchange(&self, answer: &Bytes) -> usize {
        let answer = |_| Ok::<_, Infallible>(json(answer.to_vec()));
        self.0.exchange_client_credentials().request(&answer).unwrap().access_token().secret().len()
    }

    pub async fn call<F: Future<Output = Result<HttpResponse, Failed>> + Send>(
        &self,
        send: impl Fn(HttpRequest) -> F + Sync,
    ) -> usize {
        self.0.exchange_client_credentials().request_async(&send).await.unwrap().access_token().secret().len()
    }
}

pub fn json(body: Vec<u8>) -> HttpResponse {
    let mut response = Response::new(body);
    let value = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, value);
    response
}

/// Sends a request of the library with hyper-util's client.
pub async fn send(client: &LoopbackClient, request: HttpRequest) -> Result<HttpResponse, Failed> {
    let answer = client
        .request(request.map(|body| Full::new(body.into())))
        .await
        .map_err(|error| Failed(error.into()))?;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(|error| Failed(error.into()))?.to_bytes();
    Ok(Response::from_parts(parts, body.to_vec()))
}

#[derive(Debug)]
struct NotSent;

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not sent")
    }
}

impl std::error::Error for NotSent {}

#[derive(Debug)]
pub struct Failed(Refused);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failed {}

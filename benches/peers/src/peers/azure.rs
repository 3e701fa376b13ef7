//! azure_identity: a `ClientSecretCredential`, over the HTTP client that its `ClientOptions` hold.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use azure_core::{
    Error, Result,
    credentials::TokenCredential,
    error::ErrorKind,
    http::{
        AsyncRawResponse, Body, ClientOptions, HttpClient, Request, StatusCode, Transport, headers::Headers,
    },
};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use http::HeaderValue;
use http_body_util::{BodyExt, Full};

use crate::{
    cache::{Cache, Phase, Refused, bearer},
    connectors::LoopbackClient,
    service::{HOUR, Service, Shape},
    subject::Subject,
};

pub struct Azure(Arc<ClientSecretCredential>);

impl Azure {
    fn over(client: impl HttpClient + 'static) -> Self {
        let client_options =
            ClientOptions { transport: Some(Transport::new(Arc::new(client))), ..Default::default() };
        let options = ClientSecretCredentialOptions { client_options };
        let secret = "dGVzdC1vbmx5LXNlY3JldA==".into();
        Self(ClientSecretCredential::new("tenant-id", "client-id".into(), secret, Some(options)).unwrap())
    }

    /// A credential that asks on each call, because its service issues tokens that it takes for expired.
    pub fn in_memory(service: Arc<Service>) -> Self {
        Self::over(InMemory(service))
    }

    pub fn over_loopback(client: LoopbackClient) -> Self {
        Self::over(Loopback(client))
    }

    pub async fn call(&self) -> usize {
        self.0.get_token(&SCOPES, None).await.unwrap().token.secret().len()
    }
}

impl Cache for Azure {
    const SUBJECT: Subject = Subject::Azure;
    const TURNOVER: u64 = 301;

    async fn open(service: Arc<Service>, phase: Phase) -> Self {
        // It takes a token for expired in its last five minutes.
        service.set_lifetime(match phase {
            Phase::Fresh => HOUR,
            Phase::Early => 200,
            Phase::Expired => 0,
        });
        let azure = Self::in_memory(Arc::clone(&service));
        azure.token().await.unwrap();
        service.set_lifetime(HOUR);
        azure
    }

    async fn token(&self) -> std::result::Result<usize, Refused> {
        Ok(self.0.get_token(&SCOPES, None).await?.token.secret().len())
    }

    async fn header(&self) -> std::result::Result<HeaderValue, Refused> {
        bearer(self.0.get_token(&SCOPES, None).await?.token.secret())
    }
}

#[derive(Debug)]
struct InMemory(Arc<Service>);

#[async_trait]
impl HttpClient for InMemory {
    async fn execute_request(&self, _: &Request) -> Result<AsyncRawResponse> {
        let (parts, body) = self.0.answer(Shape::OAuth).await.into_parts();
        let status = StatusCode::from(parts.status.as_u16());
        Ok(AsyncRawResponse::from_bytes(status, Headers::new(), body))
    }
}

struct Loopback(LoopbackClient);

impl fmt::Debug for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loopback")
    }
}

#[async_trait]
impl HttpClient for Loopback {
    async fn execute_request(&self, request: &Request) -> Result<AsyncRawResponse> {
        let mut http = http::Request::post(request.url().as_str());
        for (name, value) in request.headers().iter() {
            http = http.header(name.as_str(), value.as_str());
        }
        let Body::Bytes(body) = request.body() else { unreachable!("it sends a form") };
        let http = http.body(Full::new(body.clone())).unwrap();
        let failed = |error: Refused| Error::with_error(ErrorKind::Io, error, "no answer");
        let answer = self.0.request(http).await.map_err(|error| failed(error.into()))?;
        let (parts, body) = answer.into_parts();
        let headers = parts.headers.iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?.to_owned();
            Some((name.as_str().to_owned().into(), value.into()))
        });
        let headers = Headers::from(headers.collect::<std::collections::HashMap<_, _>>());
        let body = body.collect().await.map_err(|error| failed(error.into()))?.to_bytes();
        Ok(AsyncRawResponse::from_bytes(StatusCode::from(parts.status.as_u16()), headers, body))
    }
}

const SCOPES: [&str; 1] = ["https://management.azure.com/.default"];

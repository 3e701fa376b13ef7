//! huskarl: a grant in a `GrantTokenSource`, an `InMemoryTokenCache` around it, and an `HttpAuthorizer` for headers
//! (its guide "Caching tokens and wiring an authorizer").

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header::AUTHORIZATION};
use http_body_util::{BodyExt, Full};
use huskarl::{
    authorizer::HttpAuthorizer,
    cache::{GrantTokenSource, InMemoryRefreshTokenStore, InMemoryTokenCache, TokenSource},
    core::{
        Error, RetryAdvice,
        client_auth::ClientSecret,
        http::{HttpClient, HttpResponse, Idempotency},
        platform::MaybeSendBoxFuture,
        secrets::{ProvidedSecret, SecretString},
        time::{Clock, ManualTime, PlatformClock},
    },
    grant::client_credentials::{ClientCredentialsGrant, ClientCredentialsGrantParameters},
    prelude::*,
};

use crate::{
    cache::{Cache, Phase, Refused},
    connectors::LoopbackClient,
    service::{HOUR, Service, Shape},
    subject::Subject,
};

type Memory = InMemoryTokenCache<GrantTokenSource<ClientCredentialsGrant, InMemoryRefreshTokenStore>>;

pub struct Huskarl {
    cache: Arc<Memory>,
    authorizer: HttpAuthorizer,
    api: Uri,
}

impl Cache for Huskarl {
    const SUBJECT: Subject = Subject::Huskarl;
    const TURNOVER: u64 = 2;

    async fn open(service: Arc<Service>, phase: Phase) -> Self {
        service.set_lifetime(HOUR);
        let time = ManualTime::new(jiff::Timestamp::now());
        let cache = match phase {
            Phase::Fresh => cache(service, PlatformClock),
            Phase::Early | Phase::Expired => cache(service, time.clone()),
        };
        let cache = Arc::new(cache);
        cache.token().await.unwrap();
        match phase {
            Phase::Fresh => {}
            // It retires a token 30 s before its end, and renews it up to 30 s earlier, by chance.
            Phase::Early => time.advance(Duration::from_millis(HOUR * 1000 - 30_200)).unwrap(),
            Phase::Expired => time.advance(Duration::from_secs(HOUR + 1)).unwrap(),
        }
        let authorizer = HttpAuthorizer::builder().cache(Arc::clone(&cache)).build();
        Self { cache, authorizer, api: Uri::from_static("https://api.example.com/me") }
    }

    async fn token(&self) -> Result<usize, Refused> {
        Ok(self.cache.token().await?.access_token().token().expose_secret().len())
    }

    async fn header(&self) -> Result<HeaderValue, Refused> {
        let mut headers = self.authorizer.get_headers(&Method::GET, &self.api).await?;
        headers.remove(AUTHORIZATION).ok_or_else(|| "no header".into())
    }
}

fn cache(service: Arc<Service>, clock: impl Clock + Clone + 'static) -> Memory {
    let source = GrantTokenSource::builder()
        .grant(grant(InMemory(service), clock))
        .grant_parameters(ClientCredentialsGrantParameters::builder().build())
        .refresh_store(InMemoryRefreshTokenStore::default())
        .build();
    InMemoryTokenCache::builder().source(source).build()
}

fn grant(client: impl HttpClient + 'static, clock: impl Clock + 'static) -> ClientCredentialsGrant {
    let secret = ProvidedSecret::new(SecretString::new("dGVzdC1vbmx5LXNlY3JldA=="));
    ClientCredentialsGrant::builder()
        .token_endpoint("https://example.com/token".parse().unwrap())
        .client_id("client-id")
        .http_client(client)
        .client_auth(ClientSecret::new(secret))
        .clock(clock)
        .build()
}

/// Its calls, without a cache.
pub struct Grant(ClientCredentialsGrant);

impl Grant {
    /// A grant whose HTTP client answers at once.
    pub fn in_memory(service: Arc<Service>) -> Self {
        Self(grant(InMemory(service), PlatformClock))
    }

    pub fn over(client: LoopbackClient) -> Self {
        Self(grant(Loopback(client), PlatformClock))
    }

    pub async fn call(&self) -> usize {
        let parameters = ClientCredentialsGrantParameters::builder().build();
        self.0.exchange(parameters).await.unwrap().access_token().token().expose_secret().len()
    }
}

struct InMemory(Arc<Service>);

impl HttpClient for InMemory {
    fn execute(
        &self,
        _: Request<Bytes>,
        _: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, Error>> {
        Box::pin(async {
            let (parts, body) = self.0.answer(Shape::OAuth).await.into_parts();
            Ok(HttpResponse { status: parts.status, headers: parts.headers, body })
        })
    }
}

struct Loopback(LoopbackClient);

impl HttpClient for Loopback {
    fn execute(
        &self,
        request: Request<Bytes>,
        _: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, Error>> {
        let answer = self.0.request(request.map(Full::new));
        Box::pin(async {
            let failed = |error| Error::new(RetryAdvice::No, error);
            let (parts, body) = answer.await.map_err(|error| failed(Refused::from(error)))?.into_parts();
            let body = body.collect().await.map_err(|error| failed(Refused::from(error)))?.to_bytes();
            Ok(HttpResponse { status: parts.status, headers: parts.headers, body })
        })
    }
}

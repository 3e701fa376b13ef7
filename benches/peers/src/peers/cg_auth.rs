//! cg-auth: a provider and a pool over a transport without I/O.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, TokenPool, TokenProvider, UserPrincipalName,
    body::Body,
    endpoint::{Endpoint, GetDelegateAccessToken, RequestOptions},
    time::{BoxFuture, Now, Runtime, TokioRuntime},
    token::Expiry,
    transport::{HttpTransport, TransportError},
};
use http::{HeaderValue, Request, Response};

use crate::{
    cache::{Cache, Phase, Refused},
    service::{HOUR, Service, Shape},
    subject::Subject,
};

pub struct CgAuth(TokenProvider);

impl Cache for CgAuth {
    const SUBJECT: Subject = Subject::CgAuth;
    const TURNOVER: u64 = 2;

    async fn open(service: Arc<Service>, phase: Phase) -> Self {
        service.set_lifetime(HOUR);
        let clock = ShiftedClock::default();
        let client = match phase {
            Phase::Fresh | Phase::Expired => client(service),
            Phase::Early => AuthClient::with_runtime(base(), InMemory(service), clock.clone()),
        };
        let provider = TokenProvider::new(client, user("someone@example.com"), secret());
        provider.token().await.unwrap();
        match phase {
            Phase::Fresh => {}
            Phase::Early => clock.shift(HOUR - 120),
            Phase::Expired => {
                let (token, _) = provider.expose_tokens().unwrap();
                let now = TokioRuntime::current().now();
                provider.seed(token, Expiry::until(now.wall(), now));
            }
        }
        Self(provider)
    }

    async fn token(&self) -> Result<usize, Refused> {
        Ok(self.0.token().await?.expose_secret().len())
    }

    async fn header(&self) -> Result<HeaderValue, Refused> {
        Ok(self.0.authorization().await?)
    }
}

/// A client of `service` without I/O.
pub fn client(service: Arc<Service>) -> AuthClient {
    AuthClient::new(base(), InMemory(service))
}

/// A pool with a token for each of the users.
pub async fn pool(service: Arc<Service>, users: &[UserPrincipalName]) -> TokenPool {
    let pool = TokenPool::new(client(service), secret()).with_capacity(users.len());
    for user in users {
        pool.for_user(user).token().await.unwrap();
    }
    pool
}

pub fn user(name: &str) -> UserPrincipalName {
    UserPrincipalName::new(name).unwrap()
}

pub fn credential() -> ApiCredential {
    ApiCredential::new(secret(), user("someone@example.com"))
}

/// The delegate request and its answer as values.
pub struct Wire {
    endpoint: GetDelegateAccessToken,
    base: BaseUrl,
    options: RequestOptions,
}

impl Wire {
    pub fn new() -> Self {
        Self {
            endpoint: GetDelegateAccessToken::new(credential()),
            base: base(),
            options: RequestOptions::new(),
        }
    }

    pub fn build(&self) -> Request<Body> {
        self.endpoint.to_request(&self.base, &self.options).unwrap()
    }

    pub fn read(&self, answer: Bytes) -> usize {
        let answer = self.endpoint.read(Response::new(answer.into())).unwrap();
        answer.value.access_token().expose_secret().len()
    }
}

fn base() -> BaseUrl {
    BaseUrl::parse("https://example.com/governance").unwrap()
}

fn secret() -> ClientSecret {
    ClientSecret::new("dGVzdC1vbmx5LXNlY3JldA==").unwrap()
}

#[derive(Debug)]
struct InMemory(Arc<Service>);

#[async_trait]
impl HttpTransport for InMemory {
    async fn send(&self, _: Request<Body>) -> Result<Response<Body>, TransportError> {
        Ok(self.0.answer(Shape::Envelope).await.map(Body::from))
    }
}

/// The runtime of tokio, whose clocks the benchmark sets forward.
#[derive(Clone, Default)]
struct ShiftedClock(Arc<AtomicU64>);

impl ShiftedClock {
    fn shift(&self, seconds: u64) {
        self.0.store(seconds, Relaxed);
    }
}

impl Runtime for ShiftedClock {
    fn now(&self) -> Now {
        let (now, shift) = (TokioRuntime::current().now(), Duration::from_secs(self.0.load(Relaxed)));
        Now::new(now.monotonic() + shift, now.wall() + shift)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        TokioRuntime::current().sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        TokioRuntime::current().spawn(task)
    }
}

impl fmt::Debug for ShiftedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShiftedClock")
    }
}

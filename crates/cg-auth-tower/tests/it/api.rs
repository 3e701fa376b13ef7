//! [`Api`]: a service that accepts some tokens and remembers its requests.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_tower::{Authorization, AuthorizationLayer, BoxError, Origin, TokenSource};
use http::{HeaderMap, Request, Response, StatusCode, header::AUTHORIZATION};
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt};

pub(crate) const API: &str = "https://api.example.com/me";

/// Answers 200 to a token that it accepts, and 401 to any other request. The answer's body is the number of
/// the request.
///
/// It panics if it is called before it has become ready. A clone has yet to become ready.
#[derive(Debug)]
pub(crate) struct Api<B> {
    shared: Arc<Shared<B>>,
    is_ready: bool,
}

#[derive(Debug)]
struct Shared<B> {
    accepted: BTreeSet<&'static str>,
    refusal: Response<()>,
    requests: Mutex<Vec<Request<B>>>,
    /// An answer takes one permit for each request.
    gate: Semaphore,
    in_flight: AtomicUsize,
}

/// A request that counts as in flight.
struct InFlight<B>(Arc<Shared<B>>);

impl<B> Api<B> {
    /// Accepts these tokens, and answers at once.
    pub(crate) fn accepting(tokens: &[&'static str]) -> Self {
        Self::answering(tokens, refusal(StatusCode::UNAUTHORIZED, &[]))
    }

    /// Refuses every other token with `refusal`.
    pub(crate) fn answering(tokens: &[&'static str], refusal: Response<()>) -> Self {
        Self::with_gate(tokens, refusal, Semaphore::MAX_PERMITS)
    }

    /// Accepts these tokens, and holds each answer back until [`release`](Self::release).
    pub(crate) fn holding_back(tokens: &[&'static str]) -> Self {
        Self::with_gate(tokens, refusal(StatusCode::UNAUTHORIZED, &[]), 0)
    }

    fn with_gate(tokens: &[&'static str], refusal: Response<()>, permits: usize) -> Self {
        let shared = Shared {
            accepted: tokens.iter().copied().collect(),
            refusal,
            requests: Mutex::new(Vec::new()),
            gate: Semaphore::new(permits),
            in_flight: AtomicUsize::new(0),
        };
        Self { shared: Arc::new(shared), is_ready: false }
    }

    /// Lets `count` answers go.
    pub(crate) fn release(&self, count: usize) {
        self.shared.gate.add_permits(count);
    }

    /// The token of each request so far; an empty text if it had none.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let requests = self.shared.requests.lock().unwrap();
        requests.iter().map(|request| bearer(request.headers()).to_owned()).collect()
    }

    /// Each request so far.
    pub(crate) fn take_requests(&self) -> Vec<Request<B>> {
        std::mem::take(&mut *self.shared.requests.lock().unwrap())
    }

    /// The number of requests without an answer.
    pub(crate) fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::SeqCst)
    }

    /// How many services and requests hold what the clones share.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.shared)
    }
}

impl<B> Service<Request<B>> for Api<B>
where
    B: Send + Sync + 'static,
{
    type Response = Response<usize>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<usize>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called before it was ready");
        let is_accepted = self.shared.accepted.contains(bearer(request.headers()));
        let number = {
            let mut requests = self.shared.requests.lock().unwrap();
            requests.push(request);
            requests.len()
        };
        let in_flight = InFlight::new(Arc::clone(&self.shared));
        Box::pin(async move {
            let shared = &in_flight.0;
            shared.gate.acquire().await?.forget();
            let answer = if is_accepted { Response::new(()) } else { shared.refusal.clone() };
            Ok(answer.map(|()| number))
        })
    }
}

impl<B> Clone for Api<B> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), is_ready: false }
    }
}

impl<B> InFlight<B> {
    fn new(shared: Arc<Shared<B>>) -> Self {
        shared.in_flight.fetch_add(1, Ordering::SeqCst);
        Self(shared)
    }
}

impl<B> Drop for InFlight<B> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A layer for the origin of [`API`].
pub(crate) fn layer<T: TokenSource, B: 'static>(source: T) -> AuthorizationLayer<T, B> {
    AuthorizationLayer::new(source, Origin::parse("https://api.example.com").unwrap())
}

/// `api` behind a layer with the tokens of `source`.
pub(crate) fn authorized<B: 'static>(
    api: &Api<B>,
    source: &ScriptedTokenSource,
) -> Authorization<Api<B>, ScriptedTokenSource, B> {
    layer(source.clone()).layer(api.clone())
}

/// A request to [`API`].
pub(crate) fn request<B>(body: B) -> Request<B> {
    Request::get(API).body(body).unwrap()
}

/// Sends `request` once `service` is ready.
pub(crate) async fn send<S, B>(service: &mut S, request: Request<B>) -> Result<S::Response, S::Error>
where
    S: Service<Request<B>>,
{
    service.ready().await?.call(request).await
}

/// An answer of the service that refuses a request.
pub(crate) fn refusal(status: StatusCode, headers: &[(&'static str, &'static str)]) -> Response<()> {
    let mut answer = Response::new(());
    *answer.status_mut() = status;
    for (name, value) in headers {
        answer.headers_mut().append(*name, value.parse().unwrap());
    }
    answer
}

/// Polls other tasks until `is_done`. A test that would wait for ever fails after a minute.
pub(crate) async fn until(is_done: impl Fn() -> bool) {
    let is_done = async {
        while !is_done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), is_done).await.unwrap();
}

fn bearer(headers: &HeaderMap) -> &str {
    let value = headers.get(AUTHORIZATION).map_or("", |value| value.to_str().unwrap());
    value.strip_prefix("Bearer ").unwrap_or_default()
}

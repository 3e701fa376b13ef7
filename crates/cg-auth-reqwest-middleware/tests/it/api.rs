//! [`Api`]: an API on a real socket that accepts some tokens, redirects on demand and remembers its requests.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use cg_auth_reqwest_middleware::Origin;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A running API. Dropping it closes its listener.
pub(crate) struct Api {
    address: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    accepted: Vec<&'static str>,
    /// The heads of the next answers, in place of what the token deserves.
    scripted: VecDeque<(StatusCode, HeaderMap)>,
    requests: Vec<Recorded>,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Recorded {
    /// The values of the header `name`.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }
}

impl Api {
    /// An API that refuses every token.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { address, state, server }
    }

    /// Accepts these tokens from now on, and no other.
    pub(crate) fn accept(&self, tokens: &[&'static str]) {
        self.state.lock().unwrap().accepted = tokens.to_vec();
    }

    /// The next answer has this status and these headers, whatever the token.
    pub(crate) fn answer_next(&self, status: u16, headers: &[(header::HeaderName, &str)]) {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        self.state.lock().unwrap().scripted.push_back((StatusCode::from_u16(status).unwrap(), headers));
    }

    /// The next answer redirects to `url`, with the same method and body.
    pub(crate) fn redirect_next(&self, url: &str) {
        self.answer_next(307, &[(header::LOCATION, url)]);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::parse(&self.url("")).unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The `authorization` of each request; an empty text for a request without one.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.values("authorization").join(", ")).collect()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let handler = service_fn(move |request| answer(request, Arc::clone(&state)));
            // A client that disconnects is no error.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), handler)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut state = state.lock().unwrap();
    let credential =
        |name| head.headers.get(name).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = credential("authorization").or_else(|| credential("x-token"));
    let is_accepted = token.is_some_and(|token| state.accepted.contains(&token));
    let text = format!("{} {}", if is_accepted { "for" } else { "not for" }, token.unwrap_or("anyone"));
    let mut response = Response::new(Full::from(text));
    let (status, headers) = state.scripted.pop_front().unwrap_or_else(|| {
        (if is_accepted { StatusCode::OK } else { StatusCode::UNAUTHORIZED }, HeaderMap::new())
    });
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    state.requests.push(Recorded { method: head.method, path, headers: head.headers, body });
    Ok(response)
}

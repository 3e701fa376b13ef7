//! [`Server`]: an HTTP/1.1 server on a free port that remembers what it received.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use cg_auth_core::model::Origin;
use http::{HeaderMap, Request, Response, StatusCode, header::LOCATION};
use http_body_util::{BodyExt, combinators::BoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// Answers each request as a function of its number and its headers says.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<(HeaderMap, Bytes)>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(usize) -> Response<Body> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, answer) = (Arc::new(Seen::default()), Arc::new(answer));
        tokio::spawn(serve(listener, Arc::clone(&seen), answer));
        Self { address, seen }
    }

    /// A server that sends each request to `location`.
    pub(crate) async fn redirecting_to(location: String) -> Self {
        Self::start(move |_| {
            let mut answer = text(StatusCode::FOUND, "");
            answer.headers_mut().insert(LOCATION, location.parse().unwrap());
            answer
        })
        .await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::parse(&self.url()).unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The header `name` of each request so far.
    pub(crate) fn headers(&self, name: &str) -> Vec<Option<String>> {
        let requests = self.seen.requests.lock().unwrap();
        let value = |headers: &HeaderMap| Some(headers.get(name)?.to_str().unwrap().to_owned());
        requests.iter().map(|(headers, _)| value(headers)).collect()
    }

    /// The body of each request so far.
    pub(crate) fn bodies(&self) -> Vec<Bytes> {
        self.seen.requests.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }
}

/// An answer with a text.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut answer = Response::new(http_body_util::Full::new(text.into()).boxed());
    *answer.status_mut() = status;
    answer
}

async fn serve<F>(listener: TcpListener, seen: Arc<Seen>, answer: Arc<F>)
where
    F: Fn(usize) -> Response<Body> + Send + Sync + 'static,
{
    while let Ok((stream, _)) = listener.accept().await {
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| async {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                let number = {
                    let mut requests = seen.requests.lock().unwrap();
                    requests.push((head.headers, body));
                    requests.len()
                };
                Ok::<_, hyper::Error>(answer(number))
            });
            // A client that disconnects is no error of this server.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

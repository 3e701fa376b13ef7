//! [`answer`]: answers a request as a proxy does (RFC 9110 sections 7.6 and 9.3.6).

use std::{convert::Infallible, fmt, net::SocketAddr, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use http_body_util::{BodyExt, Empty, combinators::BoxBody};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    client::conn::http1::handshake,
    header::{
        CONNECTION, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE,
    },
    upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::options::Options;

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// Checks the login, serves the request and prints its line.
pub(crate) async fn answer(request: Request<Incoming>, options: Arc<Options>) -> Result<Answer, Infallible> {
    let credentials = Credentials::of(request.headers(), options.credentials.as_deref());
    let asked = format!("{} {} {credentials}", request.method(), request.uri());
    let answer = if options.credentials.is_some() && credentials != Credentials::Right {
        let mut answer = empty(StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        answer.headers_mut().insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"tests\""));
        answer
    } else if request.method() == Method::CONNECT {
        connect(request, &options).await
    } else {
        forward(request, &options).await.unwrap_or_else(empty)
    };
    println!("{asked} {}", answer.status().as_u16());
    Ok(answer)
}

async fn connect(request: Request<Incoming>, options: &Options) -> Answer {
    if let Some(status) = options.refuse {
        return empty(status);
    }
    let route = request.uri().authority().and_then(|authority| options.routes.get(authority.as_str()));
    match open(route).await {
        Ok(stream) => {
            tokio::spawn(tunnel(hyper::upgrade::on(request), stream));
            empty(StatusCode::OK)
        }
        Err(status) => empty(status),
    }
}

/// Copies bytes in both directions until both ends have closed, or one fails.
async fn tunnel(client: OnUpgrade, mut service: TcpStream) {
    if let Ok(client) = client.await {
        let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut service).await;
    }
}

async fn forward(mut request: Request<Incoming>, options: &Options) -> Result<Answer, StatusCode> {
    let (Some("http"), Some(host)) = (request.uri().scheme_str(), request.uri().host()) else {
        return Err(StatusCode::BAD_REQUEST);
    };
    let authority = format!("{host}:{}", request.uri().port_u16().unwrap_or(80));
    let stream = open(options.routes.get(&authority)).await?;
    *request.uri_mut() =
        request.uri().path_and_query().map_or(Uri::from_static("/"), |path| path.clone().into());
    remove_hop_by_hop(request.headers_mut());

    let (mut sender, connection) =
        handshake(TokioIo::new(stream)).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    tokio::spawn(connection);
    let mut response = sender.send_request(request).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    remove_hop_by_hop(response.headers_mut());
    Ok(response.map(BodyExt::boxed))
}

async fn open(address: Option<&SocketAddr>) -> Result<TcpStream, StatusCode> {
    let address = address.ok_or(StatusCode::BAD_GATEWAY)?;
    TcpStream::connect(address).await.map_err(|_| StatusCode::BAD_GATEWAY)
}

/// Removes the headers that are for the next hop alone (RFC 9110 section 7.6.1). Bodies here have a length.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
    let hop_by_hop = [CONNECTION, KEEP_ALIVE, PROXY_AUTHORIZATION, PROXY_CONNECTION];
    for name in hop_by_hop.into_iter().chain([TE, TRAILER, TRANSFER_ENCODING, UPGRADE]) {
        headers.remove(name);
    }
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *answer.status_mut() = status;
    answer
}

/// Whether a request has the right login.
#[derive(PartialEq)]
enum Credentials {
    Right,
    Wrong,
    None,
}

impl Credentials {
    fn of(headers: &HeaderMap, demanded: Option<&str>) -> Self {
        let Some(value) = headers.get(PROXY_AUTHORIZATION) else {
            return Self::None;
        };
        let right = demanded.map(|demanded| format!("Basic {}", BASE64_STANDARD.encode(demanded)));
        if right.is_some_and(|right| right.as_bytes() == value.as_bytes()) {
            Self::Right
        } else {
            Self::Wrong
        }
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::None => "no",
        })
    }
}

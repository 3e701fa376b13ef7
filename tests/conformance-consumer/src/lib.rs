//! A transport of a third party: plain HTTP/1.1, and a connection for each request.

use std::{io, mem, time::Duration};

use async_trait::async_trait;
use cg_auth_core::{
    body::{Body, BodyCollector},
    causes::find_cause,
    model::localhost_addresses,
    transport::{HttpTransport, TransportError},
};
use http::{HeaderValue, Request, Response, Uri, header::HOST, uri::Scheme};
use http_body_util::{BodyExt, Full};
use hyper::{body::Body as _, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// Opens a connection for each request, without TLS.
#[derive(Debug, Clone)]
pub struct PlainTransport {
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the body of an answer may be, in bytes.
    pub body_limit: usize,
}

#[async_trait]
impl HttpTransport for PlainTransport {
    async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let connecting = timeout(self.connect_timeout, connect(request.uri()));
        let stream = connecting.await.map_err(TransportError::connect)??;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(TransportError::closed_before_sending)?;
        tokio::spawn(connection);

        let uri = mem::take(request.uri_mut()).into_parts();
        let host = uri.authority.as_ref().map_or("", |authority| authority.as_str());
        let host = HeaderValue::from_str(host).map_err(TransportError::config)?;
        request.headers_mut().insert(HOST, host);
        *request.uri_mut() = uri.path_and_query.map(Uri::from).unwrap_or_default();
        let sent = sender.send_request(request.map(|body| Full::new(body.into_bytes()))).await;

        let (head, mut body) = sent.map_err(classify)?.into_parts();
        let mut collected = BodyCollector::new(self.body_limit);
        collected.expect(body.size_hint().lower())?;
        while let Some(frame) = body.frame().await {
            collected.push(frame.map_err(classify)?.data_ref().map_or(&[], |piece| piece))?;
        }
        Ok(Response::from_parts(head, collected.finish()))
    }
}

async fn connect(uri: &Uri) -> Result<TcpStream, TransportError> {
    if uri.scheme() != Some(&Scheme::HTTP) {
        return Err(TransportError::config("this transport speaks no TLS"));
    }
    let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
    let connected = match localhost_addresses(host) {
        Some(addresses) => TcpStream::connect(&addresses.map(|ip| (ip, port).into())[..]).await,
        None => TcpStream::connect(format!("{host}:{port}")).await,
    };
    connected.map_err(TransportError::connect)
}

/// A failure on an open connection. hyper reports a broken chunk as an I/O error.
fn classify(error: hyper::Error) -> TransportError {
    let io = find_cause::<io::Error>(&error).map(io::Error::kind);
    let is_broken = matches!(io, Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData));
    if error.is_parse() || is_broken {
        TransportError::malformed(error)
    } else {
        TransportError::closed(error)
    }
}

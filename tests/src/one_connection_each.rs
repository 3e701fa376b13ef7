//! [`OneConnectionEach`]: an `HttpTransport` over bare hyper connections, one for each request.

use std::{
    io::{self, ErrorKind},
    mem,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    body::{Body, BodyCollector},
    causes::find_cause,
    model::localhost_addresses,
    transport::{HttpTransport, TransportError},
};
use h2::Reason;
use http::{
    Request, Response, Uri,
    header::HOST,
    uri::{Authority, Scheme},
};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Body as _,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, Error as TlsError, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName},
};

/// Opens a connection for each request.
#[derive(Debug, Clone)]
pub struct OneConnectionEach {
    /// The trusted certificates, and the protocols that ALPN offers.
    pub tls: Arc<ClientConfig>,
    /// How long connecting may take, including TLS.
    pub connect_timeout: Duration,
    /// How long the body of an answer may be, in bytes.
    pub body_limit: usize,
    /// Whether every connection is HTTP/2.
    pub http2_prior_knowledge: bool,
}

impl OneConnectionEach {
    /// Trusts `roots` alone.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when TLS cannot be set up.
    pub fn new(roots: RootCertStore) -> Result<Self, TransportError> {
        let tls = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
        let tls = tls.with_safe_default_protocol_versions().map_err(TransportError::config)?;
        let mut tls = tls.with_root_certificates(roots).with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let (tls, connect_timeout, body_limit) = (tls.into(), Duration::from_secs(10), Body::DEFAULT_LIMIT);
        Ok(Self { tls, connect_timeout, body_limit, http2_prior_knowledge: false })
    }

    /// Connects. Returns the connection, and whether it is HTTP/2.
    async fn connect(&self, uri: &Uri) -> Result<(TokioIo<Box<dyn Stream>>, bool), TransportError> {
        let host = uri.host().ok_or_else(|| TransportError::config("the URI has no host"))?;
        let https = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let tcp = match localhost_addresses(host) {
            Some(addresses) => TcpStream::connect(&addresses.map(|ip| (ip, port).into())[..]).await,
            None => TcpStream::connect(format!("{host}:{port}")).await,
        };
        let tcp = tcp.map_err(TransportError::connect)?;
        if !https {
            return Ok((TokioIo::new(Box::new(tcp)), self.http2_prior_knowledge));
        }
        let name =
            ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(TransportError::config)?;
        let tls =
            TlsConnector::from(self.tls.clone()).connect(name, tcp).await.map_err(classify_handshake)?;
        let http2 = self.http2_prior_knowledge || tls.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((TokioIo::new(Box::new(tls)), http2))
    }
}

#[async_trait]
impl HttpTransport for OneConnectionEach {
    async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, TransportError> {
        tokio::runtime::Handle::try_current().map_err(TransportError::config)?;
        let connecting = timeout(self.connect_timeout, self.connect(request.uri()));
        let (stream, is_http2) = connecting.await.map_err(TransportError::connect)??;
        let answer = if is_http2 {
            let connected = http2::handshake(TokioExecutor::new(), stream).await;
            let (mut sender, connection) = connected.map_err(TransportError::closed_before_sending)?;
            tokio::spawn(connection);
            sender.send_request(request.map(|body| Full::new(body.into_bytes()))).await
        } else {
            let target = mem::take(request.uri_mut()).into_parts();
            let host = target.authority.as_ref().map_or("", Authority::as_str);
            request.headers_mut().insert(HOST, host.parse().map_err(TransportError::config)?);
            *request.uri_mut() = target.path_and_query.map(Uri::from).unwrap_or_default();
            let connected = http1::handshake(stream).await;
            let (mut sender, connection) = connected.map_err(TransportError::closed_before_sending)?;
            tokio::spawn(connection);
            sender.send_request(request.map(|body| Full::new(body.into_bytes()))).await
        };
        let (head, mut body) = answer.map_err(|error| classify(error, false))?.into_parts();
        let mut collected = BodyCollector::new(self.body_limit);
        let announced = body.size_hint().lower();
        collected.expect(announced)?;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| classify(error, true))?;
            collected.push(frame.data_ref().map_or(&[], |piece| piece))?;
        }
        let (has_ended, body) = (body.is_end_stream(), collected.finish());
        // hyper reports an HTTP/2 stream that was reset without an error as one that has ended.
        let is_cut_off = (body.len() as u64) < announced || (is_http2 && !has_ended);
        if is_cut_off { Err(TransportError::closed("cut off")) } else { Ok(Response::from_parts(head, body)) }
    }
}

fn classify_handshake(error: io::Error) -> TransportError {
    match find_cause::<TlsError>(&error) {
        Some(TlsError::InvalidCertificate(_)) => TransportError::refused_certificate(error),
        _ => TransportError::tls(error),
    }
}

/// A failure on an open connection, by its causes. A request that has an answer was received.
fn classify(error: hyper::Error, is_answered: bool) -> TransportError {
    if let Some(http2) = find_cause::<h2::Error>(&error) {
        // The text of h2 quotes the server, which may quote the request.
        let text = format!("HTTP/2 {:?}", http2.reason());
        // h2 passes a GOAWAY on to the streams after the last one that it names.
        let is_refused = http2.reason() == Some(Reason::REFUSED_STREAM);
        let is_unseen = http2.is_remote() && (http2.is_go_away() || is_refused);
        return match http2.reason() {
            _ if is_unseen && !is_answered => TransportError::closed_before_sending(text),
            Some(Reason::NO_ERROR | Reason::CANCEL) | None => TransportError::closed(text),
            Some(_) if http2.is_library() => TransportError::malformed(text),
            Some(_) => TransportError::closed(text),
        };
    }
    // A broken chunk is an I/O error without a cause. A broken TLS record is an I/O error with a cause.
    let broken = match find_cause::<io::Error>(&error).map(io::Error::kind) {
        Some(ErrorKind::InvalidInput | ErrorKind::InvalidData) => find_cause::<TlsError>(&error).is_none(),
        _ => false,
    };
    if error.is_parse() || broken { TransportError::malformed(error) } else { TransportError::closed(error) }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

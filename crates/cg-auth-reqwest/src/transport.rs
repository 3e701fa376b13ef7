//! [`ReqwestTransport`]: converts a request, sends it, converts the response back.
//! [`ReqwestTransportBuilder`] sets it up.

use std::fmt;

use async_trait::async_trait;
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError},
};
use cg_auth_transport_util::{
    HttpsCheck, Proxies, ProxyChoice, TransportSettings, builder_methods, collect, failure::Route,
    tls_builder_methods,
};
use http::{Request, Response};

use crate::{
    client::{client, keeping_the_contract, without_proxies_of_the_environment},
    error::{classify, classify_reading},
    urls::Urls,
};

/// An [`HttpTransport`] over reqwest. A clone shares the connections.
///
/// It works within a tokio runtime that has its I/O and time drivers enabled. A connection belongs to the
/// runtime that opened it, so a program with several runtimes makes a transport for each.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    urls: Urls,
    /// Empty for the caller's own client, which decides about proxies.
    proxies: Proxies,
    https: HttpsCheck,
    body_limit: usize,
    bodies_know_their_end: bool,
}

impl ReqwestTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when TLS cannot be set up. If the platform has no root
    /// certificate, the first `https:` request fails instead; plain http needs none.
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// A builder with the default settings.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::new()
    }

    /// A transport with `settings`, which may be shared with other transports.
    ///
    /// # Errors
    /// As [`ReqwestTransportBuilder::build`].
    pub fn from_settings(settings: &TransportSettings) -> Result<Self, TransportError> {
        let (proxies, body_limit) = (Proxies::new(settings.proxy.clone()), settings.body_limit);
        let (client, https) = client(settings, &proxies)?;
        let bodies_know_their_end = is_without_decompression(&client);
        Ok(Self { client, urls: Urls::default(), proxies, https, body_limit, bodies_know_their_end })
    }

    /// A transport over the caller's client: its TLS, resolver, pool, timeouts and proxies stay.
    ///
    /// Redirects, retries, decompression, the proxies of the environment and the log of every byte are
    /// switched off, since the contract forbids them. `localhost` is `::1` and 127.0.0.1, whatever the client's
    /// resolver says. [`cg_auth_core`]'s own headers replace default headers of the client with the same name.
    /// The caller is responsible for the other default headers, and for the hosts that the client's proxies
    /// serve: a proxy for all hosts serves loopback hosts too, unless
    /// [`reqwest::Proxy::no_proxy`] excludes them.
    ///
    /// No limit is added. [`ReqwestTransport::builder`] limits the time to connect and finds silent HTTP/2
    /// connections. If the client's `timeout` or `read_timeout` passes, the call fails as if the connection
    /// was closed.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use cg_auth_reqwest::{ReqwestTransport, TransportError};
    /// let client = reqwest::Client::builder().connect_timeout(Duration::from_secs(3));
    /// let transport = ReqwestTransport::from_builder(client)?.with_body_limit(64 * 1024);
    /// # drop(transport);
    /// # Ok::<(), TransportError>(())
    /// ```
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when reqwest cannot build the client, or when the client has a
    /// cookie store: the service's cookies must not travel from one user's request to another's.
    pub fn from_builder(builder: reqwest::ClientBuilder) -> Result<Self, TransportError> {
        let builder = without_proxies_of_the_environment(keeping_the_contract(builder));
        let client = builder.build().map_err(TransportError::config)?;
        // This crate leaves reqwest's feature `cookies` off, so only the `Debug` output shows a cookie store.
        if format!("{client:?}").contains("cookie_store: true") {
            return Err(TransportError::config("the client keeps cookies, which the contract forbids"));
        }
        Ok(Self {
            bodies_know_their_end: is_without_decompression(&client),
            client,
            urls: Urls::default(),
            proxies: Proxies::new(ProxyChoice::Off),
            https: HttpsCheck::Passed,
            body_limit: Body::DEFAULT_LIMIT,
        })
    }

    /// Limits the body of a response, in bytes. Default: 1 MiB.
    #[must_use]
    pub const fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let route = Route::new(request.uri(), self.proxies.proxy_for(request.uri())?);
        let host = request.uri().host().unwrap_or_default();
        if let Some(proxy) = route.tunnelling_proxy().filter(|_| host.starts_with('[')) {
            let (host, port) = (host, request.uri().port_u16().unwrap_or(443));
            let problem =
                format!("reqwest opens no tunnel to {host}:{port} through the proxy {}", proxy.uri());
            return Err(TransportError::config(format!("{problem}: it is an IPv6 address; use its name")));
        }
        let request = convert(request, &self.urls)?;
        let response = self.client.execute(request).await.map_err(|error| classify(error, &route))?;
        collect(response.into(), self.body_limit, self.bodies_know_their_end, classify_reading).await
    }
}

#[async_trait]
impl HttpTransport for ReqwestTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        // Outside a runtime reqwest would panic.
        tokio::runtime::Handle::try_current().map_err(TransportError::config)?;
        self.https.before(request.uri()).await?;
        self.exchange(request).await
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").field("body_limit", &self.body_limit).finish_non_exhaustive()
    }
}

/// Whether reqwest hands on hyper's bodies. With a feature such as `gzip`, which another crate of the program
/// may enable, tower-http wraps each body and loses whether its stream has ended. Only the `Debug` output
/// tells: it lists those features.
fn is_without_decompression(client: &reqwest::Client) -> bool {
    let shown = format!("{client:?}");
    ["accepts: Accepts,", "accepts: Accepts }"].into_iter().any(|accepts| shown.contains(accepts))
}

fn convert(request: Request<Body>, urls: &Urls) -> Result<reqwest::Request, TransportError> {
    let (parts, body) = request.into_parts();
    let mut converted = reqwest::Request::new(parts.method, urls.parse(&parts.uri)?);
    *converted.headers_mut() = parts.headers;
    *converted.body_mut() = Some(body.into_bytes().into());
    Ok(converted)
}

/// Builds a [`ReqwestTransport`]. Each setting has a default that suits the service.
///
/// ```
/// use std::time::Duration;
///
/// # use cg_auth_reqwest::{ReqwestTransport, TransportError};
/// let builder = ReqwestTransport::builder().connect_timeout(Duration::from_secs(3));
/// let transport = builder.no_proxy().build()?;
/// # drop(transport);
/// # Ok::<(), TransportError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct ReqwestTransportBuilder {
    settings: TransportSettings,
}

impl ReqwestTransportBuilder {
    /// Every setting at its default.
    pub fn new() -> Self {
        Self::default()
    }
}

builder_methods!(ReqwestTransportBuilder.settings);
tls_builder_methods!(ReqwestTransportBuilder.settings);

impl ReqwestTransportBuilder {
    /// Builds the transport.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the settings cannot be used together. If the platform has
    /// no root certificate, or a proxy variable of the environment cannot be read, the first `https:` request
    /// that needs it fails instead.
    pub fn build(self) -> Result<ReqwestTransport, TransportError> {
        ReqwestTransport::from_settings(&self.settings)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// If a crate in this build enables a decompression of reqwest, the transport cannot tell.
    #[tokio::test]
    async fn an_http_2_stream_that_is_reset_without_an_end_is_no_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap());
        let settings = TransportSettings::new().http2(cg_auth_transport_util::Http2::PriorKnowledge);
        let transport = ReqwestTransport::from_settings(&settings).unwrap();
        let server = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            answer_without_an_end(&mut connection).await;
            std::future::pending::<()>().await;
        };
        let result = tokio::select! {
            result = transport.send(Request::get(uri).body(Body::empty()).unwrap()) => result,
            () = server => unreachable!(),
        };
        assert_eq!(result.is_err(), transport.bodies_know_their_end, "{result:?}");
    }

    /// HEADERS, DATA and RST_STREAM(NO_ERROR), once the request on stream 1 is there (RFC 9113 section 6).
    async fn answer_without_an_end(connection: &mut TcpStream) {
        connection.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
        connection.read_exact(&mut [0; 24]).await.unwrap();
        loop {
            let mut head = [0; 9];
            connection.read_exact(&mut head).await.unwrap();
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            connection.read_exact(&mut vec![0; length]).await.unwrap();
            if head[3] == 1 {
                break;
            }
        }
        connection.write_all(&[0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88]).await.unwrap();
        connection.write_all(&[0, 0, 2, 0, 0, 0, 0, 0, 1, b'{', b'}']).await.unwrap();
        connection.write_all(&[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0]).await.unwrap();
    }
}

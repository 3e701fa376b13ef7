//! [`ReqwestTransport`]: converts, sends, converts back.

use std::fmt;

use async_trait::async_trait;
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError},
};
use cg_auth_transport_util::{
    FromSettings, Proxies, ProxyChoice, TransportBuilder, TransportSettings, collect, failure::Hop,
};
use http::{Request, Response, uri::Scheme};
use reqwest::Url;

use crate::{
    client::{client, keeping_the_contract, without_proxies_of_the_environment},
    error::{classify, classify_reading},
};

/// An [`HttpTransport`] over reqwest. A clone shares the connections.
///
/// It works within a tokio runtime that has its I/O and time drivers enabled. A connection belongs to the
/// runtime that opened it, so a program with several runtimes makes a transport for each.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    /// Those of the client, unless it is of the caller's making.
    proxies: Proxies,
    https_problem: Option<TransportError>,
    body_limit: usize,
}

/// Settings of a [`ReqwestTransport`].
pub type ReqwestTransportBuilder = TransportBuilder<ReqwestTransport>;

impl ReqwestTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when TLS cannot be set up. A platform without any root
    /// certificate is told by the first `https:` request; plain http needs none.
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// The settings, to be changed: all that a [`TransportBuilder`] has.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use cg_auth_reqwest::{ReqwestTransport, cg_auth_core::transport::TransportError};
    /// let transport = ReqwestTransport::builder().connect_timeout(Duration::from_secs(3)).no_proxy().build()?;
    /// # drop(transport);
    /// # Ok::<(), TransportError>(())
    /// ```
    pub fn builder() -> ReqwestTransportBuilder {
        TransportBuilder::new()
    }

    /// A transport over a client of the caller's making: its TLS, resolver, pool, timeouts and proxies stay.
    /// Redirects, retries, decompression, proxies of the environment and the log of every byte are switched off,
    /// since the contract forbids them.
    ///
    /// [`cg_auth_core`]'s own headers win over default headers of the client; what others these add, and which
    /// hosts its proxies are for, is the caller's to answer for; a loopback host too goes through a proxy that is
    /// for all, unless [`reqwest::Proxy::no_proxy`] leaves it out. No limit is set that the caller has not set:
    /// [`ReqwestTransport::builder`] bounds the time to connect and finds silent HTTP/2 connections. Its
    /// `timeout` and `read_timeout` end a call as a connection that was closed.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use cg_auth_reqwest::{ReqwestTransport, cg_auth_core::transport::TransportError};
    /// let builder = reqwest::Client::builder().connect_timeout(Duration::from_secs(3));
    /// let transport = ReqwestTransport::from_builder(builder)?.with_body_limit(64 * 1024);
    /// # drop(transport);
    /// # Ok::<(), TransportError>(())
    /// ```
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when reqwest cannot build the client, or when it has a cookie
    /// store: the service's cookies must not travel from one user's request to another's.
    pub fn from_builder(builder: reqwest::ClientBuilder) -> Result<Self, TransportError> {
        let builder = without_proxies_of_the_environment(keeping_the_contract(builder));
        let client = builder.build().map_err(TransportError::config)?;
        // Only a feature that this crate does not switch on could take it out, or even ask for it.
        if format!("{client:?}").contains("cookie_store: true") {
            return Err(TransportError::config("the client keeps cookies, which the contract forbids"));
        }
        let proxies = Proxies::new(ProxyChoice::Off);
        Ok(Self { client, proxies, https_problem: None, body_limit: Body::DEFAULT_LIMIT })
    }

    /// The same with another limit for an answer's body, in bytes. Default: 1 MiB.
    #[must_use]
    pub const fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let hop = Hop::of(request.uri(), self.proxies.proxy_for(request.uri())?);
        if hop == Hop::Tunnel && request.uri().host().is_some_and(|host| host.starts_with('[')) {
            return Err(TransportError::config("reqwest opens no tunnel to an IPv6 address; use its name"));
        }
        let answer = self.client.execute(convert(request)?).await.map_err(|error| classify(error, hop))?;
        collect(answer.into(), self.body_limit, classify_reading).await
    }
}

impl FromSettings for ReqwestTransport {
    fn from_settings(settings: TransportSettings) -> Result<Self, TransportError> {
        let (proxies, body_limit) = (Proxies::new(settings.proxy.clone()), settings.body_limit);
        let (client, https_problem) = client(settings, &proxies)?;
        Ok(Self { client, proxies, https_problem, body_limit })
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").field("body_limit", &self.body_limit).finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpTransport for ReqwestTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        // reqwest panics where there is no reactor.
        tokio::runtime::Handle::try_current().map_err(TransportError::config)?;
        match &self.https_problem {
            Some(problem) if request.uri().scheme() == Some(&Scheme::HTTPS) => Err(problem.clone()),
            _ => self.exchange(request).await,
        }
    }
}

/// reqwest parses the URI once more and normalises it; what would be changed on the way is refused.
fn convert(request: Request<Body>) -> Result<reqwest::Request, TransportError> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string()).map_err(TransportError::config)?;
    let host = parts.uri.host().map(str::to_ascii_lowercase);
    if (url.host_str(), url.path(), url.query()) != (host.as_deref(), parts.uri.path(), parts.uri.query()) {
        return Err(TransportError::config("reqwest would change the target of this request"));
    }
    let mut converted = reqwest::Request::new(parts.method, url);
    *converted.headers_mut() = parts.headers;
    *converted.body_mut() = Some(body.into_bytes().into());
    Ok(converted)
}

//! [`HyperClient`]: hyper's pooled client and its connector, from settings.

use std::{error::Error, fmt, sync::Arc};

use cg_auth_core::transport::TransportError;
#[cfg(feature = "rustls")]
use cg_auth_transport_util::Tls;
use cg_auth_transport_util::{
    Http2, HttpsCheck, Proxies, Proxy, ProxyChoice, TransportSettings, failure::Route,
};
#[cfg(not(feature = "rustls"))]
use http::uri::Scheme;
use http::{Request, Response, Uri, header::PROXY_AUTHORIZATION};
use hyper::{
    body::{Body, Incoming},
    rt::{Read, Write},
};
#[cfg(feature = "rustls")]
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{
        Client, ResponseFuture,
        connect::{Connect, Connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use tower_service::Service;

use crate::{
    connector::{Connector, LoopbackOnly, Resolver, SharedConnector, TcpConnector},
    error::classify,
};

/// hyper's pooled client with the settings of a [`HyperTransport`](crate::HyperTransport), for requests and
/// responses whose bodies stream. A clone shares the connections.
///
/// It sends a request as it is, and hands on the response while its body still arrives. It follows no redirect
/// and bounds no body. Like the transport, it works within a tokio runtime.
pub struct HyperClient<B> {
    pool: Arc<dyn PooledClient<B>>,
    /// Empty for the caller's own connector, which decides about proxies.
    proxies: Proxies,
    https: HttpsCheck,
}

impl<B> HyperClient<B>
where
    B: Body + Unpin + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// A client with `settings`. Their limit of a body does not apply.
    ///
    /// # Errors
    /// As [`HyperTransportBuilder::build`](crate::HyperTransportBuilder::build).
    pub fn from_settings(settings: &TransportSettings) -> Result<Self, TransportError> {
        let proxies = Proxies::new(settings.proxy.clone());
        let (connector, https) = connector(settings, proxies.clone())?;
        Ok(Self { proxies, https, ..Self::over(connector, settings) })
    }

    /// A client over `connector`, which decides TLS, proxies and addresses.
    pub(crate) fn over<C>(connector: C, settings: &TransportSettings) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Read + Write + Connection + Unpin + Send + 'static,
        C::Error: Into<Box<dyn Error + Send + Sync>>,
        C::Future: Send + 'static,
    {
        let pool = Arc::new(pooled_client(connector, settings));
        Self { pool, proxies: Proxies::new(ProxyChoice::Off), https: HttpsCheck::Passed }
    }

    /// Sends `request`, whose URI is absolute, and waits for the head of the response.
    ///
    /// # Errors
    /// [`TransportError`], which says at which stage the exchange failed.
    pub async fn send(&self, mut request: Request<B>) -> Result<Response<Incoming>, TransportError> {
        // Outside a runtime the connector would panic.
        tokio::runtime::Handle::try_current().map_err(TransportError::config)?;
        self.https.before(request.uri()).await?;
        let route = Route::new(request.uri(), self.proxies.proxy_for(request.uri())?);
        // The connector logs in to a proxy that opens a tunnel. For a proxy that reads the request, the login
        // goes into the request.
        if let Some(authorization) = route.forwarding_proxy().and_then(Proxy::authorization) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        self.pool.request(request).await.map_err(|error| classify(error, &route))
    }
}

impl<B> Clone for HyperClient<B> {
    fn clone(&self) -> Self {
        Self { pool: Arc::clone(&self.pool), proxies: self.proxies.clone(), https: self.https.clone() }
    }
}

impl<B> fmt::Debug for HyperClient<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperClient").finish_non_exhaustive()
    }
}

/// A client without the type of its connector.
trait PooledClient<B>: Send + Sync {
    fn request(&self, request: Request<B>) -> ResponseFuture;
}

impl<C, B> PooledClient<B> for Client<C, B>
where
    C: Connect + Clone + Send + Sync + 'static,
    B: Body + Unpin + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn request(&self, request: Request<B>) -> ResponseFuture {
        Self::request(self, request)
    }
}

/// The client for `settings` over `connector`, which decides TLS, proxies and addresses.
fn pooled_client<C, B>(connector: C, settings: &TransportSettings) -> impl PooledClient<B> + use<C, B>
where
    B: Body + Unpin + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Read + Write + Connection + Unpin + Send + 'static,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
    C::Future: Send + 'static,
{
    let (ping_interval, ping_timeout) = settings.http2_pings();
    let mut client = Client::builder(TokioExecutor::new());
    client
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(settings.pool_max_idle_per_host)
        .pool_idle_timeout(settings.pool_idle_timeout)
        .http2_keep_alive_interval(ping_interval)
        .http2_keep_alive_timeout(ping_timeout)
        .http2_keep_alive_while_idle(true)
        .http2_only(settings.http2 == Http2::PriorKnowledge);
    client.build(SharedConnector::new(LoopbackOnly::new(connector), settings.connect_timeout))
}

/// The connector for both schemes, and what to check before an `https:` request.
#[cfg(feature = "rustls")]
fn connector(
    settings: &TransportSettings,
    proxies: Proxies,
) -> Result<(HttpsConnector<Connector>, HttpsCheck), TransportError> {
    let Tls { config, check, .. } = Tls::new(settings.tls.clone(), settings.http2)?;
    let mut tcp = tcp_connector(settings);
    tcp.enforce_http(false);
    // HTTP/2 is negotiated with the service, never with the proxy.
    let mut with_proxy = config.clone();
    with_proxy.alpn_protocols.clear();
    let to_proxy = HttpsConnector::from((tcp.clone(), with_proxy));
    Ok((HttpsConnector::from((Connector::new(tcp, to_proxy, proxies), config)), check))
}

/// The connector for `http:`, and the reason why it makes no `https:` connection.
#[cfg(not(feature = "rustls"))]
fn connector(
    settings: &TransportSettings,
    proxies: Proxies,
) -> Result<(Connector, HttpsCheck), TransportError> {
    // A proxy of the environment serves `https:` only, which fails anyway.
    let of_plain_http = proxies.proxy_for(&Uri::from_static("http://probe.invalid"))?;
    if of_plain_http.is_some_and(|proxy| proxy.uri().scheme() == Some(&Scheme::HTTPS)) {
        return Err(TransportError::config("an https proxy needs the feature `rustls` of cg-auth-hyper"));
    }
    let tcp = tcp_connector(settings);
    let problem = TransportError::config("https needs the feature `rustls` of cg-auth-hyper");
    Ok((Connector::new(tcp.clone(), tcp, proxies), HttpsCheck::Failed(problem)))
}

fn tcp_connector(settings: &TransportSettings) -> TcpConnector {
    let mut tcp = TcpConnector::new_with_resolver(Resolver::new());
    // The addresses of a name share this time, so that a silent one leaves some to the next.
    tcp.set_connect_timeout(Some(settings.connect_timeout));
    tcp.set_nodelay(true);
    tcp.set_local_address(settings.local_address);
    tcp
}

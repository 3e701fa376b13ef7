//! hyper's pooled client, as settings have it.

use std::error::Error;

use bytes::Bytes;
use cg_auth_core::transport::TransportError;
#[cfg(feature = "rustls")]
use cg_auth_transport_util::Tls;
use cg_auth_transport_util::{Http2, Proxies, TransportSettings};
#[cfg(not(feature = "rustls"))]
use http::uri::Scheme;
use http::{Request, Uri};
use http_body_util::Full;
use hyper::rt::{Read, Write};
#[cfg(feature = "rustls")]
use hyper_rustls::HttpsConnector;
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{
        Client, ResponseFuture,
        connect::{Connect, Connection, HttpConnector},
    },
    rt::{TokioExecutor, TokioTimer},
};
use tower_service::Service;

use crate::connector::Connector;

/// A client, whatever it connects with.
pub(crate) trait PooledClient: Send + Sync {
    fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture;
}

impl<C: Connect + Clone + Send + Sync + 'static> PooledClient for Client<C, Full<Bytes>> {
    fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture {
        Self::request(self, request)
    }
}

/// One that connects with `connector`. Of `settings`, those of TLS, proxies and addresses are the connector's.
pub(crate) fn client<C>(connector: C, settings: &TransportSettings) -> impl PooledClient + use<C>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Read + Write + Connection + Unpin + Send + 'static,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
    C::Future: Send + 'static,
{
    let mut client = Client::builder(TokioExecutor::new());
    client
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(settings.pool_max_idle_per_host)
        .pool_idle_timeout(settings.pool_idle_timeout)
        .http2_keep_alive_interval(TransportSettings::HTTP2_PING_INTERVAL)
        .http2_keep_alive_timeout(TransportSettings::HTTP2_PING_TIMEOUT)
        .http2_keep_alive_while_idle(true)
        .http2_only(settings.http2 == Http2::PriorKnowledge);
    let mut connector = TimeoutConnector::new(connector);
    connector.set_connect_timeout(Some(settings.connect_timeout));
    client.build(connector)
}

/// A connector for both schemes, and why it makes no `https:` connection where it does not.
#[cfg(feature = "rustls")]
pub(crate) fn connector(
    settings: &TransportSettings,
    proxies: Proxies,
) -> Result<(HttpsConnector<Connector>, Option<TransportError>), TransportError> {
    let Tls { config, problem, .. } = Tls::new(settings.tls.clone(), settings.http2)?;
    let mut tcp = tcp_connector(settings);
    tcp.enforce_http(false);
    // What is agreed on with the service is no business of the proxy.
    let mut with_proxy = config.clone();
    with_proxy.alpn_protocols.clear();
    let to_proxy = HttpsConnector::from((tcp.clone(), with_proxy));
    Ok((HttpsConnector::from((Connector::new(tcp, to_proxy, proxies), config)), problem))
}

/// A connector for `http:`, and why it makes none for `https:`.
#[cfg(not(feature = "rustls"))]
pub(crate) fn connector(
    settings: &TransportSettings,
    proxies: Proxies,
) -> Result<(Connector, Option<TransportError>), TransportError> {
    // A proxy of the environment is for `https:` alone, which is not spoken anyway.
    let of_plain_http = proxies.proxy_for(&Uri::from_static("http://probe.invalid"))?;
    if of_plain_http.is_some_and(|proxy| proxy.uri().scheme() == Some(&Scheme::HTTPS)) {
        return Err(TransportError::config("an https proxy needs the feature `rustls` of cg-auth-hyper"));
    }
    let tcp = tcp_connector(settings);
    let problem = TransportError::config("https needs the feature `rustls` of cg-auth-hyper");
    Ok((Connector::new(tcp.clone(), tcp, proxies), Some(problem)))
}

fn tcp_connector(settings: &TransportSettings) -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.set_local_address(settings.local_address);
    tcp
}

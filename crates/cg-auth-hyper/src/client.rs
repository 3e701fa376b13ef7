//! hyper's pooled client and its connector, from settings.

use std::error::Error;

use bytes::Bytes;
use cg_auth_core::transport::TransportError;
#[cfg(feature = "rustls")]
use cg_auth_transport_util::Tls;
use cg_auth_transport_util::{Http2, HttpsCheck, Proxies, TransportSettings};
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
        connect::{Connect, Connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use tower_service::Service;

use crate::connector::{Connector, LoopbackOnly, Resolver, TcpConnector};

/// A client without the type of its connector.
pub(crate) trait PooledClient: Send + Sync {
    fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture;
}

impl<C: Connect + Clone + Send + Sync + 'static> PooledClient for Client<C, Full<Bytes>> {
    fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture {
        Self::request(self, request)
    }
}

/// The client for `settings` over `connector`, which decides TLS, proxies and addresses.
pub(crate) fn client<C>(connector: C, settings: &TransportSettings) -> impl PooledClient + use<C>
where
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
    let mut connector = TimeoutConnector::new(LoopbackOnly::new(connector));
    connector.set_connect_timeout(Some(settings.connect_timeout));
    client.build(connector)
}

/// The connector for both schemes, and what to check before an `https:` request.
#[cfg(feature = "rustls")]
pub(crate) fn connector(
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
pub(crate) fn connector(
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

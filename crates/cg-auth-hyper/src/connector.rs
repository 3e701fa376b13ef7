//! [`Connector`]: opens a TCP connection to the service or to a proxy, or a tunnel through the proxy.

mod loopback_only;
mod resolver;
mod shared;
mod stream;

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use cg_auth_transport_util::{Proxies, Proxy};
use http::{Uri, uri::Scheme};
#[cfg(feature = "rustls")]
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::{HttpConnector, proxy::Tunnel};
use tower_service::Service;

pub(crate) use self::{
    loopback_only::LoopbackOnly, resolver::Resolver, shared::SharedConnector, stream::Stream,
};

/// Opens TCP connections.
pub(crate) type TcpConnector = HttpConnector<Resolver>;

/// Connects to a proxy, over TLS if its URL is `https:`.
#[cfg(feature = "rustls")]
pub(crate) type ProxyConnector = HttpsConnector<TcpConnector>;
/// Connects to a proxy.
#[cfg(not(feature = "rustls"))]
pub(crate) type ProxyConnector = TcpConnector;

/// Opens a TCP connection, or a tunnel in its place. The connector around it adds TLS with the service.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    tcp: TcpConnector,
    to_proxy: ProxyConnector,
    proxies: Proxies,
}

impl Connector {
    pub(crate) const fn new(tcp: TcpConnector, to_proxy: ProxyConnector, proxies: Proxies) -> Self {
        Self { tcp, to_proxy, proxies }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, service: Uri) -> Self::Future {
        let proxy = match self.proxies.proxy_for(&service) {
            Ok(proxy) => proxy.cloned(),
            Err(problem) => return Box::pin(async { Err(problem.into()) }),
        };
        let Some(proxy) = proxy else {
            let connecting = self.tcp.call(service);
            return Box::pin(async move { Ok(Stream::to_service(connecting.await?)) });
        };
        let mut to_proxy = self.to_proxy.clone();
        if service.scheme() == Some(&Scheme::HTTPS) {
            let connecting = tunnel(&proxy, to_proxy).call(service);
            return Box::pin(async move { Ok(Stream::to_service(connecting.await?)) });
        }
        let connecting = to_proxy.call(proxy.uri().clone());
        Box::pin(async move { Ok(Stream::to_proxy(connecting.await?)) })
    }
}

fn tunnel(proxy: &Proxy, to_proxy: ProxyConnector) -> Tunnel<ProxyConnector> {
    let tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
    match proxy.authorization() {
        Some(authorization) => tunnel.with_auth(authorization.clone()),
        None => tunnel,
    }
}

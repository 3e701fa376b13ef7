//! [`LoopbackOnly`]: judges a connection by the address that it leads to.

use std::{
    error::Error,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use cg_auth_core::{model::is_loopback_host, transport::TransportError};
use http::{Extensions, Uri, uri::Scheme};
use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tower_service::Service;

/// Closes a connection for plain http to a loopback host that leads to another machine, before any byte of a
/// request. It sees only addresses that a connector reports in [`HttpInfo`], as hyper-util's do.
#[derive(Debug, Clone)]
pub(crate) struct LoopbackOnly<C>(C);

impl<C> LoopbackOnly<C> {
    pub(crate) const fn new(connector: C) -> Self {
        Self(connector)
    }
}

impl<C> Service<Uri> for LoopbackOnly<C>
where
    C: Service<Uri>,
    C::Response: Connection,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, service: Uri) -> Self::Future {
        let is_plain = service.scheme() == Some(&Scheme::HTTP);
        let host = service.host().filter(|host| is_plain && is_loopback_host(host)).map(str::to_owned);
        let connecting = self.0.call(service);
        Box::pin(async move {
            let connection = connecting.await.map_err(Into::into)?;
            let Some(host) = host else { return Ok(connection) };
            match peer(&connection).filter(|peer| !peer.ip().to_canonical().is_loopback()) {
                None => Ok(connection),
                Some(peer) => Err(leads_elsewhere(&host, peer).into()),
            }
        })
    }
}

fn peer(connection: &impl Connection) -> Option<SocketAddr> {
    let mut reported = Extensions::new();
    connection.connected().get_extras(&mut reported);
    reported.get::<HttpInfo>().map(HttpInfo::remote_addr)
}

fn leads_elsewhere(host: &str, peer: SocketAddr) -> TransportError {
    let message = format!(
        "{host}:{} leads to {peer}, which is not a loopback address, and plain http would send the secret there \
         unencrypted; check the connector and its resolver",
        peer.port()
    );
    TransportError::config("not a loopback address").with_message(message)
}

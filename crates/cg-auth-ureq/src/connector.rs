//! [`Connector`]: opens a connection to the service, directly or through a proxy.

mod connected;
mod deadline;
mod look_up;
mod stream;
mod tcp;
mod tls;
mod tunnel;

use std::{net::IpAddr, sync::Arc, time::Duration};

use cg_auth_core::transport::TransportError;
use cg_auth_transport_util::{
    Http2, HttpsCheck, Tls, TransportSettings,
    failure::{Hop, Route, name_not_found, unconnected},
};
use http::{Uri, uri::Scheme};
use rustls::ClientConfig;

pub(crate) use self::{
    connected::Connected,
    stream::{Connection, Stream},
};
use self::{deadline::Deadline, look_up::LookUpError, tcp::Tcp};
use crate::cancellation::{BlockedOn, Cancellation};

/// Opens connections. All steps of one connection share the time to connect.
#[derive(Debug)]
pub(crate) struct Connector {
    connect_timeout: Duration,
    /// How long a read blocks before it is repeated. See [`Connected`].
    pause: Duration,
    local_address: Option<IpAddr>,
    to_service: Arc<ClientConfig>,
    to_proxy: Arc<ClientConfig>,
}

impl Connector {
    /// A connector for `settings`, and what to check before an `https:` request.
    pub(crate) fn new(settings: &TransportSettings) -> Result<(Self, HttpsCheck), TransportError> {
        if settings.http2 == Http2::PriorKnowledge {
            return Err(TransportError::config(NO_HTTP2));
        }
        let Tls { config, check, .. } = Tls::new(settings.tls.clone(), Http2::Off)?;
        let mut to_proxy = config.clone();
        to_proxy.alpn_protocols.clear();
        let connector = Self {
            connect_timeout: settings.connect_timeout,
            pause: settings.pool_idle_timeout,
            local_address: settings.local_address,
            to_service: Arc::new(config),
            to_proxy: Arc::new(to_proxy),
        };
        Ok((connector, check))
    }

    /// Connects for a request to `service`, by `route`.
    ///
    /// # Errors
    /// [`TransportError`] that says at which step connecting failed. Nothing of the request was sent.
    pub(crate) fn connect(
        &self,
        service: &Uri,
        route: &Route<'_>,
        cancellation: &Cancellation,
    ) -> Result<Connection, TransportError> {
        let deadline = Deadline::after(self.connect_timeout);
        let proxy = route.forwarding_proxy().or_else(|| route.tunnelling_proxy());
        let (first, hop) = proxy.map_or((service, Hop::Service), |proxy| (proxy.uri(), Hop::Proxy));

        let failed = |error, hop| unconnected(error, hop, route);
        let addresses = look_up::addresses(first, deadline, cancellation).map_err(|error| match error {
            LookUpError::NotFound(error) => name_not_found(error, hop, route),
            LookUpError::Undone(error) => failed(error, hop),
        })?;
        let tcp = tcp::connect(addresses, self.local_address, deadline, cancellation)
            .map_err(|error| failed(error, hop))?;
        let connected = Arc::new(Connected::new(tcp, deadline, self.pause));
        cancellation
            .before(BlockedOn::Connected(Arc::clone(&connected)))
            .map_err(|error| failed(error, hop))?;

        let mut stream: Box<dyn Stream> = Box::new(Tcp::new(Arc::clone(&connected)));
        if let Some(proxy) = proxy.filter(|proxy| proxy.uri().scheme() == Some(&Scheme::HTTPS)) {
            stream = tls::wrap(stream, proxy.uri(), &self.to_proxy).map_err(|error| failed(error, hop))?;
        }
        if let Some(proxy) = route.tunnelling_proxy() {
            tunnel::open(&mut stream, service, proxy, route)?;
        }
        if service.scheme() == Some(&Scheme::HTTPS) {
            stream =
                tls::wrap(stream, service, &self.to_service).map_err(|error| failed(error, Hop::Service))?;
        }
        connected.begin_exchanges().map_err(|error| failed(error, hop))?;
        Ok(Connection::new(stream, connected))
    }
}

const NO_HTTP2: &str = "ureq does not speak HTTP/2, which the settings require with prior knowledge; use \
     cg-auth-hyper or cg-auth-reqwest, or leave http2 at its default";

//! [`Connector`]: opens a connection to the service or to a proxy, with or without TLS.

use std::{error::Error, fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use cg_auth_conformance::Settings;
use cg_auth_core::{model::localhost_addresses, transport::TransportError};
use cg_auth_transport_util::{
    Http2, Proxies, Proxy, ProxyChoice, Tls, TransportSettings,
    failure::{self, Route},
};
use http::{Uri, uri::Scheme};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};

use crate::{defect::Defect, drained::Drained, lenient, settings};

/// The bytes of a connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(crate) struct Connector {
    defect: Option<Defect>,
    settings: TransportSettings,
    tls: Arc<ClientConfig>,
    proxies: Proxies,
}

impl Connector {
    pub(crate) fn new(defect: Option<Defect>, wanted: &Settings) -> Self {
        let settings = settings::of_transport(defect, wanted);
        let tls = Tls::new(settings.tls.clone(), settings.http2).unwrap();
        let tls = lenient::forgiving(defect, tls, settings::roots(wanted));
        let proxies = Proxies::new(settings.proxy.clone());
        Self { defect, settings, tls: Arc::new(tls), proxies }
    }

    pub(crate) const fn connect_timeout(&self) -> Duration {
        self.settings.connect_timeout
    }

    pub(crate) const fn body_limit(&self) -> usize {
        self.settings.body_limit
    }

    /// The proxy that a request to `uri` goes through.
    pub(crate) fn proxy_for(&self, uri: &Uri) -> Result<Option<&Proxy>, TransportError> {
        match (self.defect, &self.settings.proxy) {
            (Some(Defect::UsesNoProxy), _) => Ok(None),
            (Some(Defect::LoopbackUsesTheProxy), ProxyChoice::Explicit(proxy)) => Ok(Some(proxy)),
            _ => self.proxies.proxy_for(uri),
        }
    }

    pub(crate) fn proxy_url(&self) -> Option<String> {
        let proxy = self.proxies.chosen()?;
        Some(format!("{} {:?}", proxy.uri(), proxy.authorization().map(|value| value.to_str().unwrap())))
    }

    /// Connects within the connect timeout. Returns the connection, and whether it is HTTP/2.
    pub(crate) async fn connect(
        &self,
        uri: &Uri,
        route: &Route<'_>,
    ) -> Result<(Box<dyn Stream>, bool), TransportError> {
        let limit = match self.defect {
            Some(Defect::IgnoresTheConnectTimeout) => Duration::from_secs(3600),
            _ => self.settings.connect_timeout,
        };
        let connecting = timeout(limit, self.open(uri, route));
        let connected = connecting.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let (stream, is_http2) = connected.map_err(|error| failure::connecting(error, route))?;
        Ok(match self.defect {
            Some(Defect::ReadsOnAfterAnError) => (Box::new(Drained::new(stream)), is_http2),
            _ => (stream, is_http2),
        })
    }

    async fn open(&self, uri: &Uri, route: &Route<'_>) -> io::Result<(Box<dyn Stream>, bool)> {
        let has_prior_knowledge = self.settings.http2 == Http2::PriorKnowledge;
        if let Some(proxy) = route.forwarding_proxy() {
            return Ok((self.open_to_proxy(proxy).await?, has_prior_knowledge));
        }
        let stream = match route.tunnelling_proxy() {
            Some(proxy) => {
                let stream = self.open_to_proxy(proxy).await;
                self.tunnel(stream.map_err(|error| TunnelError("no connection", error))?, uri, proxy).await?
            }
            None => Box::new(self.tcp(uri).await?),
        };
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Ok((stream, has_prior_knowledge));
        }
        let tls = TlsConnector::from(self.tls.clone()).connect(server_name(uri)?, stream).await?;
        let is_http2 = match tls.get_ref().1.alpn_protocol() {
            _ if has_prior_knowledge => true,
            None => self.defect == Some(Defect::SilenceIsHttp2),
            Some(protocol) => protocol == b"h2",
        };
        Ok((Box::new(tls), is_http2))
    }

    async fn open_to_proxy(&self, proxy: &Proxy) -> io::Result<Box<dyn Stream>> {
        let tcp = self.tcp(proxy.uri()).await?;
        if proxy.uri().scheme() != Some(&Scheme::HTTPS) {
            return Ok(Box::new(tcp));
        }
        let mut tls = ClientConfig::clone(&self.tls);
        tls.alpn_protocols.clear();
        Ok(Box::new(TlsConnector::from(Arc::new(tls)).connect(server_name(proxy.uri())?, tcp).await?))
    }

    /// Asks `proxy` for a tunnel to the service (RFC 9110 section 9.3.6).
    async fn tunnel(
        &self,
        mut stream: Box<dyn Stream>,
        uri: &Uri,
        proxy: &Proxy,
    ) -> Result<Box<dyn Stream>, TunnelError> {
        let target = format!("{}:{}", uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(443));
        let mut head = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n").into_bytes();
        if let Some(login) = proxy.authorization().filter(|_| self.defect != Some(Defect::LogsInNowhere)) {
            head.extend([b"proxy-authorization: ", login.as_bytes(), b"\r\n"].concat());
        }
        head.extend(b"\r\n");
        let broken = |error| TunnelError("unexpected end of file", error);
        stream.write_all(&head).await.map_err(broken)?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.map_err(broken)?);
            if answer.len() > 8192 {
                return Err(TunnelError(
                    "proxy response headers too long",
                    io::ErrorKind::InvalidData.into(),
                ));
            }
        }
        match answer.get(9..12) {
            Some(b"200") => Ok(stream),
            Some(b"407") => {
                Err(TunnelError("proxy authorization required", io::ErrorKind::PermissionDenied.into()))
            }
            _ => Err(TunnelError("unsuccessful", io::ErrorKind::Other.into())),
        }
    }

    async fn tcp(&self, uri: &Uri) -> io::Result<TcpStream> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 });
        let is_known = self.defect != Some(Defect::LocalhostHasNoDot) || !host.ends_with('.');
        let localhost = localhost_addresses(host).filter(|_| is_known).map(|addresses| match self.defect {
            Some(Defect::BelievesTheResolverOfLocalhost) => vec![ANOTHER_MACHINE.into()],
            Some(Defect::LocalhostIsIpv4) => vec![std::net::Ipv4Addr::LOCALHOST.into()],
            _ => addresses.to_vec(),
        });
        let addresses: Vec<SocketAddr> = match localhost {
            Some(addresses) => addresses.into_iter().map(|ip| (ip, port).into()).collect(),
            // The name of hyper-util's error, by which the table knows it.
            None => lookup_host((host, port)).await.map_err(|_| io::Error::other("dns error"))?.collect(),
        };
        let stream = TcpStream::connect(&*addresses).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn server_name(uri: &Uri) -> io::Result<ServerName<'static>> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    ServerName::try_from(host).map_err(io::Error::other)
}

/// A failure on the way to a tunnel, with the texts of hyper-util, by which the table knows them.
#[derive(Debug)]
struct TunnelError(&'static str, io::Error);

impl fmt::Display for TunnelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tunnel error: {}", self.0)
    }
}

impl Error for TunnelError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.1)
    }
}

impl From<TunnelError> for io::Error {
    fn from(error: TunnelError) -> Self {
        Self::other(error)
    }
}

/// Loopback, but no address of `localhost`.
const ANOTHER_MACHINE: [u8; 4] = [127, 0, 0, 254];

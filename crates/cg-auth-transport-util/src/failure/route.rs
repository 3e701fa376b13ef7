//! [`Route`]: the route of a request to the service, direct or through a proxy. [`Hop`]: a part of it.

use std::fmt;

use http::{
    Uri,
    uri::{Authority, Scheme},
};

use crate::proxy::Proxy;

/// The route of a request: its service, and the proxy that it goes through, if any.
#[derive(Debug, Clone)]
pub struct Route<'a> {
    is_https: bool,
    service: Option<Authority>,
    proxy: Option<&'a Proxy>,
}

impl<'a> Route<'a> {
    /// The route of a request to `uri`.
    #[must_use]
    pub fn new(uri: &Uri, proxy: Option<&'a Proxy>) -> Self {
        Self { is_https: uri.scheme() == Some(&Scheme::HTTPS), service: uri.authority().cloned(), proxy }
    }

    /// The proxy that reads the request itself: the one that a plain http request goes through.
    #[must_use]
    pub fn forwarding_proxy(&self) -> Option<&'a Proxy> {
        self.proxy.filter(|_| !self.is_https)
    }

    /// The proxy that opens a tunnel for an `https:` request, and so cannot read the request.
    #[must_use]
    pub fn tunnelling_proxy(&self) -> Option<&'a Proxy> {
        self.proxy.filter(|_| self.is_https)
    }

    /// The server at the end of `hop`, as messages name it.
    pub(super) fn peer(&self, hop: Hop) -> Peer {
        let proxy = if hop == Hop::Proxy { self.proxy() } else { None };
        proxy.unwrap_or_else(|| self.service())
    }

    /// Whether the service is reached over TLS.
    pub(super) const fn is_https(&self) -> bool {
        self.is_https
    }

    /// The server that the request is sent to: the proxy that reads it, or the service.
    #[cfg(feature = "rustls")]
    pub(super) fn receiver(&self) -> Peer {
        self.proxy().filter(|_| !self.is_https).unwrap_or_else(|| self.service())
    }

    /// The service, as messages name it.
    pub(super) fn service(&self) -> Peer {
        let port = if self.is_https { 443 } else { 80 };
        Peer::new(self.service.as_ref(), port, false)
    }

    /// The proxy, as messages name it.
    pub(super) fn proxy(&self) -> Option<Peer> {
        let uri = self.proxy?.uri();
        let port = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        Some(Peer::new(uri.authority(), port, true))
    }
}

/// A part of a [`Route`], by the server at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hop {
    /// To the proxy.
    Proxy,
    /// To the service, directly or through a tunnel.
    Service,
}

/// A server that a transport connects to, by host and port. It never shows userinfo or a path.
#[derive(Debug)]
pub(super) struct Peer {
    host: String,
    port: u16,
    pub(super) is_proxy: bool,
}

impl Peer {
    fn new(authority: Option<&Authority>, default_port: u16, is_proxy: bool) -> Self {
        Self {
            host: authority.map_or("the service", Authority::host).to_owned(),
            port: authority.and_then(Authority::port_u16).unwrap_or(default_port),
            is_proxy,
        }
    }

    /// Its host without the port.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    const fn prefix(&self) -> &'static str {
        if self.is_proxy { "the proxy " } else { "" }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}:{}", self.prefix(), self.host, self.port)
    }
}

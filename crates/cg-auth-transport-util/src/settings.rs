//! [`TransportSettings`]: the settings of a transport, and their defaults.

use std::{net::IpAddr, time::Duration};

use cg_auth_core::body::Body;

#[cfg(feature = "rustls")]
use crate::tls::TlsSettings;
use crate::{http2::Http2, proxy::ProxyChoice};

/// The settings that all transports share: one method each, and a default that suits the service.
///
/// A transport takes them from its builder, which has the same methods, or as this value.
///
/// ```
/// use std::time::Duration;
///
/// use cg_auth_transport_util::TransportSettings;
///
/// let three_seconds = Duration::from_secs(3);
/// let settings = TransportSettings::new().connect_timeout(three_seconds).no_proxy();
/// assert_eq!(settings.connect_timeout, three_seconds);
/// ```
#[derive(Debug, Clone)]
#[must_use]
#[non_exhaustive]
pub struct TransportSettings {
    /// How long connecting may take, including the name look-up, the proxy and TLS.
    pub connect_timeout: Duration,
    /// Which proxy is used.
    pub proxy: ProxyChoice,
    /// How long the body of a response may be, in bytes.
    pub body_limit: usize,
    /// How many idle connections are kept per host.
    pub pool_max_idle_per_host: usize,
    /// How long an idle connection is kept.
    pub pool_idle_timeout: Duration,
    /// When HTTP/2 is used.
    pub http2: Http2,
    /// How long an HTTP/2 connection may be silent before it is pinged.
    pub http2_ping_interval: Duration,
    /// How long a ping may stay unanswered before its connection is closed.
    pub http2_ping_timeout: Duration,
    /// The local address that connections are made from.
    pub local_address: Option<IpAddr>,
    /// The trusted certificates, the client certificate, and the oldest version of TLS.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub tls: TlsSettings,
}

impl TransportSettings {
    /// Every setting at its default.
    pub fn new() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            proxy: ProxyChoice::default(),
            body_limit: Body::DEFAULT_LIMIT,
            pool_max_idle_per_host: usize::MAX,
            pool_idle_timeout: Duration::from_secs(15),
            http2: Http2::default(),
            http2_ping_interval: Duration::from_secs(5),
            http2_ping_timeout: Duration::from_secs(5),
            local_address: None,
            #[cfg(feature = "rustls")]
            tls: TlsSettings::default(),
        }
    }
}

crate::builder_methods!(TransportSettings);
#[cfg(feature = "rustls")]
crate::tls_builder_methods!(TransportSettings, #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]);

#[cfg(feature = "hyper")]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
impl TransportSettings {
    /// The interval and the timeout of HTTP/2 pings, for hyper. At most a year each, since hyper panics on an
    /// instant that overflows.
    #[must_use]
    pub fn http2_pings(&self) -> (Duration, Duration) {
        (self.http2_ping_interval.min(A_YEAR), self.http2_ping_timeout.min(A_YEAR))
    }
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "hyper")]
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let settings = TransportSettings::new();
        assert_eq!(settings.connect_timeout, Duration::from_secs(10));
        assert_eq!(settings.pool_idle_timeout, Duration::from_secs(15));
        assert_eq!(settings.http2_ping_interval, Duration::from_secs(5));
        assert_eq!(settings.http2_ping_timeout, Duration::from_secs(5));
        assert_eq!(settings.body_limit, 1024 * 1024);
        assert_eq!(settings.pool_max_idle_per_host, usize::MAX);
        assert_eq!((settings.http2, settings.local_address), (Http2::Negotiated, None));
        assert!(matches!(settings.proxy, ProxyChoice::Environment));
    }
}

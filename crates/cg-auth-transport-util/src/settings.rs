//! [`TransportSettings`]: what a transport can be told, and what it does when it is told nothing.

use std::{net::IpAddr, time::Duration};

use cg_auth_core::body::Body;

use crate::proxy::ProxyChoice;
#[cfg(feature = "rustls")]
use crate::tls::TlsSettings;

/// What a [`TransportBuilder`](crate::TransportBuilder) collects; its methods say what each setting means.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportSettings {
    /// How long a connection may take, name look-up, proxy and TLS included.
    pub connect_timeout: Duration,
    /// Which proxy is used.
    pub proxy: ProxyChoice,
    /// Who is trusted, and how this side shows who it is.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub tls: TlsSettings,
    /// Which version of HTTP is spoken.
    pub http2: Http2,
    /// How many idle connections are kept for each host.
    pub pool_max_idle_per_host: usize,
    /// How long an idle connection is kept.
    pub pool_idle_timeout: Duration,
    /// How long an answer's body may be, in bytes.
    pub body_limit: usize,
    /// The address that connections start from.
    pub local_address: Option<IpAddr>,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            proxy: ProxyChoice::default(),
            #[cfg(feature = "rustls")]
            tls: TlsSettings::default(),
            http2: Http2::default(),
            pool_max_idle_per_host: usize::MAX,
            pool_idle_timeout: POOL_IDLE_TIMEOUT,
            body_limit: Body::DEFAULT_LIMIT,
            local_address: None,
        }
    }
}

/// When HTTP/2 is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Http2 {
    /// Over TLS where the server has it (RFC 7301); plain http is HTTP/1.1.
    #[default]
    Negotiated,
    /// Never.
    Off,
    /// From the first byte, over plain http too, without asking (RFC 9113 section 3.3).
    PriorKnowledge,
}

/// A version of TLS.
#[cfg(feature = "rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum TlsVersion {
    /// RFC 5246.
    #[default]
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl TransportSettings {
    /// How long a connection over HTTP/2 may be silent before it is asked whether it is there; else one that has
    /// silently died is used until its idle time is over, call by call.
    pub const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(5);
    /// How long it then has to answer.
    pub const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(5);
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let settings = TransportSettings::default();
        assert_eq!(settings.connect_timeout, Duration::from_secs(10));
        assert_eq!(settings.pool_idle_timeout, Duration::from_secs(15));
        assert_eq!(settings.body_limit, 1024 * 1024);
        assert_eq!(settings.pool_max_idle_per_host, usize::MAX);
        assert_eq!((settings.http2, settings.local_address), (Http2::Negotiated, None));
        assert!(matches!(settings.proxy, ProxyChoice::Environment));
    }
}

//! [`TransportBuilder`]: one set of knobs for every transport.

use std::{fmt, marker::PhantomData, net::IpAddr, time::Duration};

use cg_auth_core::transport::TransportError;

#[cfg(feature = "rustls")]
use crate::settings::TlsVersion;
use crate::{
    proxy::{Proxy, ProxyChoice},
    settings::{Http2, TransportSettings},
};

/// A transport that these settings describe.
pub trait FromSettings: Sized {
    /// The transport.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the settings, or the environment they point to, cannot be
    /// used.
    fn from_settings(settings: TransportSettings) -> Result<Self, TransportError>;
}

/// Settings of a transport `T`, each with a default that suits the service.
#[must_use = "a builder does nothing until it is built"]
pub struct TransportBuilder<T> {
    settings: TransportSettings,
    transport: PhantomData<fn() -> T>,
}

impl<T> TransportBuilder<T> {
    /// Every setting at its default.
    pub fn new() -> Self {
        Self { settings: TransportSettings::default(), transport: PhantomData }
    }

    /// How long a connection may take; name look-up, proxy and TLS included. Default: 10 s.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// Sends every request through the proxy at `url`, whatever the environment says. Loopback hosts never
    /// use a proxy. A request to `https:` goes through a tunnel (CONNECT, RFC 9110 section 9.3.6), one to
    /// `http:` is handed to the proxy, which sees it whole.
    ///
    /// The URL is `http://` or `https://`, with `user:password@` before the host where the proxy asks for
    /// it; what is special in a URL is percent-encoded in them. Default: for `https:` requests, the first of
    /// the environment variables `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY` and `all_proxy` that is not empty,
    /// read when the transport is built, except for the hosts that `NO_PROXY` or `no_proxy` lists; `http:`
    /// requests use no proxy. In `NO_PROXY` stand names, with all below them, addresses, networks, or `*`; no ports.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when `url` is not the URL of such a proxy; it never quotes it.
    pub fn proxy(self, url: &str) -> Result<Self, TransportError> {
        let proxy = Proxy::parse(url).map_err(TransportError::config)?;
        Ok(self.proxy_choice(ProxyChoice::Explicit(proxy)))
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(self) -> Self {
        self.proxy_choice(ProxyChoice::Off)
    }

    /// Chooses between the two, and the environment.
    pub fn proxy_choice(mut self, choice: ProxyChoice) -> Self {
        self.settings.proxy = choice;
        self
    }

    /// Trusts the certificates of a PEM text besides the platform's: for a private authority, or the
    /// emulator. Can be called again to add more.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the text holds no certificate, or a broken one.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn extra_root_certificates_pem(mut self, pem: &[u8]) -> Result<Self, TransportError> {
        self.settings.tls.add_roots(pem)?;
        Ok(self)
    }

    /// Trusts the certificates of a PEM text and no others, not even the platform's. Can be called again, and
    /// together with [`extra_root_certificates_pem`](Self::extra_root_certificates_pem), to add more.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the text holds no certificate, or a broken one.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn only_root_certificates_pem(mut self, pem: &[u8]) -> Result<Self, TransportError> {
        self.settings.tls.add_roots(pem)?;
        self.settings.tls.without_platform_roots();
        Ok(self)
    }

    /// Shows a certificate to servers that ask for one: a PEM text with the private key and the certificate,
    /// followed by its intermediates. Default: none.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when one of the two is missing, unreadable, or does not belong
    /// to the other; it never quotes the text.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn client_certificate_pem(mut self, pem: &[u8]) -> Result<Self, TransportError> {
        self.settings.tls.set_client_certificate(pem)?;
        Ok(self)
    }

    /// The oldest version of TLS that is spoken. Default: 1.2, the oldest that rustls speaks.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub const fn min_tls_version(mut self, version: TlsVersion) -> Self {
        self.settings.tls.min_version = version;
        self
    }

    /// When HTTP/2 is spoken. Default: where the server negotiates it over TLS.
    pub const fn http2(mut self, http2: Http2) -> Self {
        self.settings.http2 = http2;
        self
    }

    /// How many idle connections are kept for each host; 0 keeps none, so that each HTTP/1.1 request opens its
    /// own. Default: no limit.
    pub const fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.settings.pool_max_idle_per_host = connections;
        self
    }

    /// How long an idle connection is kept. Default: 15 s.
    pub const fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.pool_idle_timeout = timeout;
        self
    }

    /// How long an answer's body may be, in bytes. Default: 1 MiB.
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.settings.body_limit = bytes;
        self
    }

    /// The address of this machine that connections start from, where it has several. Default: the operating
    /// system's choice.
    pub const fn local_address(mut self, address: IpAddr) -> Self {
        self.settings.local_address = Some(address);
        self
    }

    /// What has been set, for a transport that is made in another way.
    #[must_use]
    pub fn into_settings(self) -> TransportSettings {
        self.settings
    }
}

impl<T: FromSettings> TransportBuilder<T> {
    /// The transport.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the settings cannot be used together. A platform without any root
    /// certificate, and a proxy variable of the environment that cannot be read, are told by the first `https:`
    /// request that needs them.
    pub fn build(self) -> Result<T, TransportError> {
        T::from_settings(self.settings)
    }
}

impl<T> Default for TransportBuilder<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for TransportBuilder<T> {
    fn clone(&self) -> Self {
        Self { settings: self.settings.clone(), transport: PhantomData }
    }
}

impl<T> fmt::Debug for TransportBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TransportBuilder").field(&self.settings).finish()
    }
}

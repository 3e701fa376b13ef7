//! [`builder_methods`](crate::builder_methods) and [`tls_builder_methods`](crate::tls_builder_methods): the
//! methods that [`TransportSettings`](crate::TransportSettings) and the builder of each transport have in
//! common.

/// Gives a type the methods that set a transport's options: `builder_methods!(Settings)` for the settings
/// themselves, `builder_methods!(Builder.field)` for a builder that keeps them in a field.
///
/// It is a macro, so that rustdoc lists the methods on the page of each builder.
#[doc(hidden)]
#[macro_export]
macro_rules! builder_methods {
    ($Builder:ident $(. $settings:ident)?) => {
        impl $Builder {
            /// Limits the time to connect, including the name look-up, the proxy and TLS. Default: 10 s.
            pub const fn connect_timeout(mut self, timeout: ::std::time::Duration) -> Self {
                self $(.$settings)? .connect_timeout = timeout;
                self
            }

            /// Sends every request through the proxy at `url` and ignores the environment. A loopback host
            /// never uses a proxy. An `https:` request goes through a tunnel (CONNECT, RFC 9110 section
            /// 9.3.6); the proxy receives an `http:` request itself and can read all of it.
            ///
            /// The URL starts with `http://` or `https://`. If the proxy requires a login, put
            /// `user:password@` before the host and percent-encode special characters.
            ///
            /// Default: an `https:` request uses the first non-empty environment variable of `HTTPS_PROXY`,
            /// `https_proxy`, `ALL_PROXY` and `all_proxy`, unless `NO_PROXY` or `no_proxy` lists its host.
            /// `NO_PROXY` lists names with their subdomains, addresses, networks, or `*`, each with or without
            /// a port. An `http:` request uses no proxy. The environment is read when the transport is
            /// built.
            ///
            /// # Errors
            /// [`TransportError`](cg_auth_core::transport::TransportError) of the config kind when `url` is not the URL of
            /// such a proxy. The error never quotes it.
            pub fn proxy(self, url: &str) -> Result<Self, $crate::TransportError> {
                let proxy = $crate::Proxy::parse(url).map_err($crate::TransportError::config)?;
                Ok(self.proxy_choice($crate::ProxyChoice::Explicit(proxy)))
            }

            /// Uses no proxy and ignores the environment.
            pub fn no_proxy(self) -> Self {
                self.proxy_choice($crate::ProxyChoice::Off)
            }

            /// Sets the proxy as a value: one proxy, none, or the environment's. Default: the environment's.
            pub fn proxy_choice(mut self, choice: $crate::ProxyChoice) -> Self {
                self $(.$settings)? .proxy = choice;
                self
            }

            /// Limits the body of a response, in bytes. Default: 1 MiB.
            pub const fn body_limit(mut self, bytes: usize) -> Self {
                self $(.$settings)? .body_limit = bytes;
                self
            }

            /// Limits the number of idle connections per host. With 0 each HTTP/1.1 request opens its own
            /// connection. Default: no limit.
            pub const fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
                self $(.$settings)? .pool_max_idle_per_host = connections;
                self
            }

            /// Sets the time after which an idle connection is closed. Default: 15 s.
            pub const fn pool_idle_timeout(mut self, timeout: ::std::time::Duration) -> Self {
                self $(.$settings)? .pool_idle_timeout = timeout;
                self
            }

            /// Sets when HTTP/2 is used. Default: over TLS, if the server negotiates it.
            pub const fn http2(mut self, http2: $crate::Http2) -> Self {
                self $(.$settings)? .http2 = http2;
                self
            }

            /// Sets the silence after which an HTTP/2 connection is pinged, idle or not. Default: 5 s.
            ///
            /// Without pings a connection that a load balancer has forgotten stays in the pool, and each call
            /// over it runs into its timeout.
            pub const fn http2_ping_interval(mut self, interval: ::std::time::Duration) -> Self {
                self $(.$settings)? .http2_ping_interval = interval;
                self
            }

            /// Sets the time that a ping may stay unanswered before its connection is closed. Default: 5 s.
            pub const fn http2_ping_timeout(mut self, timeout: ::std::time::Duration) -> Self {
                self $(.$settings)? .http2_ping_timeout = timeout;
                self
            }

            /// Sets the local address that connections are made from. Default: the operating system chooses.
            pub const fn local_address(mut self, address: ::std::net::IpAddr) -> Self {
                self $(.$settings)? .local_address = Some(address);
                self
            }
        }
    };
}

/// The methods about TLS, for a type that has [`builder_methods`](crate::builder_methods). It is a separate
/// macro, because a transport may have no TLS.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "rustls")]
macro_rules! tls_builder_methods {
    ($Builder:ident $(. $settings:ident)? $(, #[$attribute:meta])?) => {
        $(#[$attribute])?
        impl $Builder {
            /// Trusts the certificates of a PEM text in addition to the platform's: for a private authority,
            /// or the emulator. A further call adds more.
            ///
            /// # Errors
            /// [`TransportError`](cg_auth_core::transport::TransportError) of the config kind when the text holds no
            /// certificate, or one that cannot be read.
            pub fn extra_root_certificates_pem(mut self, pem: &[u8]) -> Result<Self, $crate::TransportError> {
                self $(.$settings)? .tls.add_root_certificates_pem(pem)?;
                Ok(self)
            }

            /// Trusts the certificates of a PEM text and no others, not even the platform's. A further call,
            /// also of [`extra_root_certificates_pem`](Self::extra_root_certificates_pem), adds more.
            ///
            /// # Errors
            /// [`TransportError`](cg_auth_core::transport::TransportError) of the config kind when the text holds no
            /// certificate, or one that cannot be read.
            pub fn only_root_certificates_pem(mut self, pem: &[u8]) -> Result<Self, $crate::TransportError> {
                self $(.$settings)? .tls.add_root_certificates_pem(pem)?;
                self $(.$settings)? .tls.disable_platform_roots();
                Ok(self)
            }

            /// Presents a certificate to a server that asks for one: a PEM text with the private key and the
            /// certificate, followed by its intermediates. Default: none.
            ///
            /// # Errors
            /// [`TransportError`](cg_auth_core::transport::TransportError) of the config kind when the key or the certificate
            /// is missing, cannot be read, or does not belong to the other. The error never quotes the text.
            pub fn client_certificate_pem(mut self, pem: &[u8]) -> Result<Self, $crate::TransportError> {
                self $(.$settings)? .tls.set_client_certificate_pem(pem)?;
                Ok(self)
            }

            /// Sets the oldest version of TLS to use. Default: 1.2, the oldest that rustls supports.
            pub const fn min_tls_version(mut self, version: $crate::TlsVersion) -> Self {
                self $(.$settings)? .tls.min_version = version;
                self
            }
        }
    };
}

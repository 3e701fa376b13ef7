//! [`ServiceAddress`]: host and port of the service, as messages name them.

use std::fmt;

use cg_auth_core::BaseUrl;
use http::Uri;

/// Host and port of a base URL. `Display` writes `host:port`.
#[derive(Debug, Clone)]
pub(crate) struct ServiceAddress {
    host: String,
    port: u16,
}

impl ServiceAddress {
    pub(crate) fn of(base_url: &BaseUrl) -> Self {
        let uri: Uri = base_url.as_str().parse().unwrap_or_default();
        let scheme_port = if base_url.is_plaintext() { 80 } else { 443 };
        Self { host: uri.host().unwrap_or_default().to_owned(), port: uri.port_u16().unwrap_or(scheme_port) }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for ServiceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_that_of_the_url_or_of_its_scheme() {
        for (url, address) in [
            ("https://example.com/governance", "example.com:443"),
            ("https://example.com:8443", "example.com:8443"),
            ("http://127.0.0.1", "127.0.0.1:80"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(ServiceAddress::of(&BaseUrl::parse(url).unwrap()).to_string(), address);
        }
    }
}

//! [`Settings`]: what a case asks of the transport that it tries.

use std::{fmt, time::Duration};

use cg_auth_core::body::Body;

/// The settings of one transport. The suite fills them in; a [`Subject`](crate::Subject) reads them.
///
/// A setting that needs a [`Capability`](crate::Capability) has its default unless the subject declares it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// How long connecting may take, from the look-up of the name to the end of the TLS handshake. Default:
    /// ten seconds. Shorter only with [`ConnectTimeout`](crate::Capability::ConnectTimeout).
    pub connect_timeout: Duration,
    /// How long the body of an answer may be, in bytes. Default: 1 MiB.
    pub body_limit: usize,
    /// Whether every connection is HTTP/2 without negotiation. Default: no. Only with
    /// [`Http2`](crate::Capability::Http2).
    pub http2_prior_knowledge: bool,
    /// PEM text of the root certificates to trust, besides the platform's or instead of them. `None`: the
    /// case needs no certificate, and reading the platform's would only take time. Only with
    /// [`Tls`](crate::Capability::Tls).
    pub root_certificates: Option<String>,
    /// PEM text of the client certificate and its private key. Only with
    /// [`ClientCertificate`](crate::Capability::ClientCertificate).
    pub client_certificate: Option<String>,
    /// The URL of the proxy for every host except loopback ones, such as `http://user:password@127.0.0.1:8080`.
    /// `None`: no proxy. Only with [`Proxy`](crate::Capability::Proxy).
    pub proxy: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            body_limit: Body::DEFAULT_LIMIT,
            http2_prior_knowledge: false,
            root_certificates: None,
            client_certificate: None,
            proxy: None,
        }
    }
}

/// Shows neither the private key of the client certificate nor the login of the proxy.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("connect_timeout", &self.connect_timeout)
            .field("body_limit", &self.body_limit)
            .field("http2_prior_knowledge", &self.http2_prior_knowledge)
            .field("root_certificates", &self.root_certificates.is_some())
            .field("client_certificate", &self.client_certificate.is_some())
            .field("proxy", &self.proxy.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        let settings = Settings {
            client_certificate: Some("PRIVATE KEY".to_owned()),
            proxy: Some("http://user:hunter2@proxy.example".to_owned()),
            ..Settings::default()
        };
        let shown = format!("{settings:?}");
        assert!(!shown.contains("PRIVATE KEY") && !shown.contains("hunter2"), "{shown}");
    }
}

//! [`Capability`]: a feature that a transport may lack. [`Capabilities`]: the features that one transport has.

use std::{collections::BTreeSet, fmt};

/// A feature that the contract does not demand. A case that needs one does not apply to a transport without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// It speaks TLS and trusts the certificates of
    /// [`Settings::root_certificates`](crate::Settings::root_certificates).
    Tls,
    /// It speaks HTTP/2, negotiated over TLS and with prior knowledge.
    Http2,
    /// It can tell that a server reset an HTTP/2 stream without an error and did not end it.
    StreamEnd,
    /// It keeps connections for further requests.
    KeepsConnections,
    /// It keeps to [`Settings::connect_timeout`](crate::Settings::connect_timeout).
    ConnectTimeout,
    /// It presents [`Settings::client_certificate`](crate::Settings::client_certificate) on demand.
    ClientCertificate,
    /// It uses [`Settings::proxy`](crate::Settings::proxy).
    Proxy,
    /// Its errors hold the words of the column "says" in the table of failures, which tell an operator what
    /// to check.
    Advice,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Tls,
        Self::Http2,
        Self::StreamEnd,
        Self::KeepsConnections,
        Self::ConnectTimeout,
        Self::ClientCertificate,
        Self::Proxy,
        Self::Advice,
    ];
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The capabilities of a [`Subject`](crate::Subject).
///
/// ```
/// use cg_auth_conformance::{Capabilities, Capability};
///
/// let all_but_proxies = Capabilities::all().without(Capability::Proxy);
/// assert!(all_but_proxies.has(Capability::Tls));
/// assert!(!all_but_proxies.has(Capability::Proxy));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities(BTreeSet<Capability>);

impl Capabilities {
    /// None: plain HTTP/1.1, one connection for each request.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// All that this version of the suite knows.
    #[must_use]
    pub fn all() -> Self {
        Self(Capability::ALL.into())
    }

    /// These and `capability`.
    #[must_use]
    pub fn with(mut self, capability: Capability) -> Self {
        self.0.insert(capability);
        self
    }

    /// These except `capability`.
    #[must_use]
    pub fn without(mut self, capability: Capability) -> Self {
        self.0.remove(&capability);
        self
    }

    /// Whether `capability` is among these.
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        self.0.contains(&capability)
    }
}

impl<const N: usize> From<[Capability; N]> for Capabilities {
    fn from(capabilities: [Capability; N]) -> Self {
        Self(capabilities.into())
    }
}

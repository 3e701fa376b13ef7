//! [`Http2`]: when HTTP/2 is used.

/// When a transport uses HTTP/2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Http2 {
    /// Over TLS, if the server negotiates it by ALPN (RFC 7301); plain http is HTTP/1.1.
    #[default]
    Negotiated,
    /// Never.
    Off,
    /// Always, from the first byte and over plain http too (RFC 9113 section 3.3).
    PriorKnowledge,
}

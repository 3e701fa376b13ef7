//! [`ProxyReason`]: why a request goes through a proxy, or directly.

use std::fmt;

/// Why a request goes through a proxy, or directly. `Display` gives it as a part of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyReason {
    /// Through the proxy of the settings, which serves every host but loopback.
    Explicit,
    /// Through the proxy of this environment variable.
    Environment(&'static str),
    /// Directly: the host is on the loopback interface.
    Loopback,
    /// Directly: the proxy of the environment is for `https:` only.
    PlainHttp,
    /// Directly: this environment variable lists the host.
    Excluded(&'static str),
    /// Directly: no proxy is set, or proxies are turned off.
    NoneSet,
}

impl fmt::Display for ProxyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit => f.write_str("set explicitly"),
            Self::Environment(variable) => write!(f, "set by {variable}"),
            Self::Loopback => f.write_str("a loopback host never uses a proxy"),
            Self::PlainHttp => f.write_str("plain http never uses the proxy of the environment"),
            Self::Excluded(variable) => write!(f, "{variable} lists the host"),
            Self::NoneSet => f.write_str("no setting and no variable names one"),
        }
    }
}

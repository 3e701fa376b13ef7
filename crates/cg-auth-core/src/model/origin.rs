//! [`Origin`] and [`Origins`]: where a token may be sent.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderValue, Uri, header::HOST, uri::Scheme};

use super::{
    BaseUrl, ConfigError,
    base_url::authority::{checked_authority, host_of, ipv6_of, is_loopback_host, is_port},
    text_value::text_value,
};

/// Scheme, host and port of a service: where a token may be sent.
///
/// An adapter that adds a token to requests asks [`contains_request`](Self::contains_request) before each one,
/// so that no other service receives the token. The scheme is `https:`, or `http:` for a loopback host. Plain `http:` to
/// any other host would send the token unencrypted and needs [`Origin::parse_allowing_http`].
///
/// `FromStr`, `TryFrom` and [`Deserialize`](serde::Deserialize) read a text as [`Origin::parse`] does.
///
/// ```
/// use cg_auth_core::model::Origin;
/// use http::Uri;
///
/// let origin = Origin::parse("https://api.example.com")?;
/// assert!(origin.contains(&Uri::from_static("https://API.example.com:443/me")));
/// assert!(!origin.contains(&Uri::from_static("https://example.com/me")));
/// assert!(!origin.contains(&Uri::from_static("http://api.example.com/me")));
/// assert!(Origin::parse("http://api.example.com").is_err());
/// # Ok::<(), cg_auth_core::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    plaintext: bool,
    /// In lower case, an IPv6 address in its canonical form with brackets, a name without a dot at its end.
    host: Box<str>,
    port: u16,
}

impl Origin {
    /// Parses `https://HOST[:PORT]`, with or without a slash at its end. Plain `http:` is accepted for a
    /// loopback host only.
    ///
    /// # Errors
    /// [`ConfigError`] with a hint. It never quotes the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let origin = Self::parse_allowing_http(text)?;
        if origin.plaintext && !is_loopback_host(&origin.host) {
            return Err(problem(
                "would receive the token unencrypted over plain http; use https, or allow http explicitly",
            ));
        }
        Ok(origin)
    }

    /// Parses an origin and accepts plain `http:` to any host. The token then crosses the network
    /// unencrypted.
    ///
    /// # Errors
    /// [`ConfigError`] as from [`Origin::parse`].
    pub fn parse_allowing_http(text: &str) -> Result<Self, ConfigError> {
        if text.contains(['?', '#']) {
            return Err(problem("has a query or a fragment; remove the ? or # and what follows it"));
        }
        if !text.is_ascii() {
            return Err(problem("holds a character outside ASCII; write the host name in its xn-- form"));
        }
        let uri: Uri = text.parse().map_err(|_| problem("is not a URL; expected https://HOST[:PORT]"))?;
        let (plaintext, authority) = checked_authority(&uri).map_err(problem)?;
        if !matches!(uri.path(), "" | "/") {
            return Err(problem("has a path; an origin is https://HOST[:PORT]"));
        }
        Ok(Self::of_canonical(plaintext, &authority))
    }

    /// Whether a request to `uri` goes to this origin.
    ///
    /// The case of the host and the spelling of an IPv6 address make no difference. Neither do a default port
    /// that is written out, nor, over https, a dot at the end of the host.
    ///
    /// It is false for a URI without a scheme or an authority, which does not say where the request goes. It
    /// is also false for a URI with userinfo, which is a credential of its own, and for one whose host or port
    /// two HTTP libraries may read differently.
    #[must_use]
    pub fn contains(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return false };
        let expected = if self.plaintext { &Scheme::HTTP } else { &Scheme::HTTPS };
        scheme == expected && self.is_authority(authority.as_str())
    }

    /// Whether a request to `uri` with `headers` goes to this origin.
    ///
    /// A `host` header of the program's own takes the place of the URI's authority on the wire: a gateway in front
    /// of many services chooses one of them by it. So each `host` header must name this origin, too.
    #[must_use]
    pub fn contains_request(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let names_this = |host: &HeaderValue| host.to_str().is_ok_and(|host| self.is_authority(host));
        self.contains(uri) && headers.get_all(HOST).iter().all(names_this)
    }

    /// Whether `host[:port]` is that of this origin.
    fn is_authority(&self, authority: &str) -> bool {
        let host = host_of(authority);
        let port = match &authority[host.len()..] {
            "" => Some(default_port(self.plaintext)),
            text => text.strip_prefix(':').filter(|port| is_port(port)).and_then(|port| port.parse().ok()),
        };
        !authority.contains('@') && port == Some(self.port) && self.is_host(host)
    }

    fn is_host(&self, host: &str) -> bool {
        if let Some(address) = ipv6_of(host) {
            return ipv6_of(&self.host) == Some(address);
        }
        let name = if self.plaintext { host } else { host.strip_suffix('.').unwrap_or(host) };
        name.eq_ignore_ascii_case(&self.host)
    }

    /// The origin of a canonical `host[:port]`.
    fn of_canonical(plaintext: bool, authority: &str) -> Self {
        let host = host_of(authority);
        let port = authority[host.len()..].strip_prefix(':').and_then(|port| port.parse().ok());
        let host = host.strip_suffix('.').unwrap_or(host);
        Self { plaintext, host: host.into(), port: port.unwrap_or(default_port(plaintext)) }
    }
}

/// The origin of the base URL. If the base URL allows plain http, so does the origin.
impl From<&BaseUrl> for Origin {
    fn from(base: &BaseUrl) -> Self {
        Self::of_canonical(base.is_plaintext(), base.authority())
    }
}

text_value!(Origin, Origin::parse, "an origin such as https://example.com, as text");

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.plaintext { Scheme::HTTP } else { Scheme::HTTPS };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == default_port(self.plaintext) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// The origins to which a token may be sent. A clone shares the list.
///
/// An adapter takes `impl Into<Origins>`: one [`Origin`], a base URL, an array or a `Vec`.
#[derive(Clone, PartialEq, Eq)]
pub struct Origins(Arc<[Origin]>);

impl Origins {
    /// Whether a request to `uri` goes to one of these origins, as [`Origin::contains`] decides.
    #[must_use]
    pub fn contains(&self, uri: &Uri) -> bool {
        self.0.iter().any(|origin| origin.contains(uri))
    }

    /// Whether a request to `uri` with `headers` goes to one of these origins, as [`Origin::contains_request`]
    /// decides.
    #[must_use]
    pub fn contains_request(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        self.0.iter().any(|origin| origin.contains_request(uri, headers))
    }
}

impl From<Origin> for Origins {
    fn from(origin: Origin) -> Self {
        Self([origin].into())
    }
}

impl From<&BaseUrl> for Origins {
    fn from(base: &BaseUrl) -> Self {
        Origin::from(base).into()
    }
}

impl From<Vec<Origin>> for Origins {
    fn from(origins: Vec<Origin>) -> Self {
        Self(origins.into())
    }
}

impl<const N: usize> From<[Origin; N]> for Origins {
    fn from(origins: [Origin; N]) -> Self {
        Self(origins.into())
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        Self(origins.into_iter().collect())
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*self.0).finish()
    }
}

const fn default_port(plaintext: bool) -> u16 {
    if plaintext { 80 } else { 443 }
}

const fn problem(problem: &'static str) -> ConfigError {
    ConfigError::new("the origin", problem)
}

#[cfg(test)]
mod tests;

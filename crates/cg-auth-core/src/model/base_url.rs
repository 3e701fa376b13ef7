//! [`BaseUrl`]: the address of the service, parsed and checked.

pub(super) mod authority;
mod prefix;

use std::fmt;

use http::{
    Uri,
    uri::{Authority, Parts, PathAndQuery, Scheme},
};

pub use self::authority::{is_loopback_host, localhost_addresses};
use self::{
    authority::{checked_authority, is_loopback},
    prefix::check_prefix,
};
use super::{ConfigError, text_value::text_value};

/// The address of the service, to which the paths of the operations are appended ([wire protocol, section
/// 5]).
///
/// The scheme is `https:`, or `http:` for a loopback host. Plain `http:` to any other host would send the
/// secret unencrypted and needs [`BaseUrl::parse_allowing_http`]. A transport connects `localhost` to `::1` or
/// 127.0.0.1 alone, whatever a resolver says.
///
/// A path prefix is kept; a trailing slash is ignored. An IPv6 address is written in its canonical form.
///
/// A URL that two HTTP libraries may read differently is refused:
///
/// - userinfo, a query, a fragment, dot segments, empty segments, percent-encoded dots or slashes;
/// - a path character outside RFC 3986's `pchar`;
/// - a host that only some libraries read as an IPv4 address (`127.1`, `0x7f.1`), or an IPv4-mapped IPv6
///   address;
/// - over plain http, a host name with a dot at its end.
///
/// A URL that ends in `/admin` is refused too, because the path of the admin operation starts with `/admin`.
///
/// `FromStr`, `TryFrom` and [`Deserialize`](serde::Deserialize) read a text as [`BaseUrl::parse`] does.
///
/// ```
/// use cg_auth_core::BaseUrl;
///
/// let base = BaseUrl::parse("https://example.com/governance/")?;
/// assert_eq!(base.as_str(), "https://example.com/governance");
/// assert!(BaseUrl::parse("http://example.com").is_err());
/// # Ok::<(), cg_auth_core::ConfigError>(())
/// ```
///
/// [wire protocol, section 5]: crate::docs::wire#5-base-url
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    /// Scheme, authority and path prefix, without a trailing slash.
    text: Box<str>,
    prefix_at: usize,
    plaintext: bool,
    /// The authority in `text`, which each URL shares.
    authority: Authority,
}

impl BaseUrl {
    /// Parses a base URL. Plain `http:` is accepted for a loopback host only.
    ///
    /// # Errors
    /// [`ConfigError`] with a hint. It never quotes the URL, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let base = Self::parse_allowing_http(text)?;
        if base.plaintext && !base.is_loopback() {
            return Err(problem(
                "would send the secret unencrypted over plain http; use https, or allow http explicitly",
            ));
        }
        Ok(base)
    }

    /// Parses a base URL and accepts plain `http:` to any host. The secret then crosses the network
    /// unencrypted.
    ///
    /// # Errors
    /// [`ConfigError`] as from [`BaseUrl::parse`].
    pub fn parse_allowing_http(text: &str) -> Result<Self, ConfigError> {
        if text.contains('#') {
            return Err(problem("has a fragment; remove the # and what follows it"));
        }
        if !text.is_ascii() {
            return Err(problem("holds a character outside ASCII; write the host name in its xn-- form"));
        }
        let uri: Uri = text.parse().map_err(|_| problem(NO_URL))?;
        let (plaintext, authority) = checked_authority(&uri).map_err(problem)?;
        if uri.query().is_some() {
            return Err(problem("has a query; remove the ? and what follows it"));
        }
        let prefix = uri.path().strip_suffix('/').unwrap_or(uri.path());
        check_prefix(prefix).map_err(problem)?;

        let scheme = if plaintext { "http" } else { "https" };
        let origin = format!("{scheme}://{authority}");
        let authority = authority.parse().map_err(|_| problem(NO_URL))?;
        Ok(Self { prefix_at: origin.len(), text: (origin + prefix).into(), plaintext, authority })
    }

    /// The URL of an operation: this URL with `path`, which starts with a slash, appended.
    ///
    /// # Errors
    /// [`ConfigError`] if the two do not form a valid URL. With the paths of this crate this happens only to
    /// a base URL of almost 64 KiB.
    pub fn join(&self, path: &str) -> Result<Uri, ConfigError> {
        const NOT_A_URL: ConfigError = problem("is too long to append the path of an operation");
        let prefix = &self.text[self.prefix_at..];
        // The exact capacity, so that the URL takes this buffer over.
        let mut target = String::with_capacity(prefix.len() + path.len());
        target.push_str(prefix);
        target.push_str(path);
        let mut parts = Parts::default();
        parts.scheme = Some(if self.plaintext { Scheme::HTTP } else { Scheme::HTTPS });
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::try_from(target).map_err(|_| NOT_A_URL)?);
        Uri::from_parts(parts).map_err(|_| NOT_A_URL)
    }

    /// The URL as text, without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.authority())
    }

    /// Whether requests travel unencrypted, over plain `http:`.
    #[must_use]
    pub const fn is_plaintext(&self) -> bool {
        self.plaintext
    }

    /// `host[:port]` in its canonical form.
    pub(super) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The URL of a published environment. `host` is a bare host name.
    pub(super) fn published(host: &'static str) -> Self {
        let text = format!("https://{host}");
        let authority = Authority::from_static(host);
        Self { prefix_at: text.len(), text: text.into(), plaintext: false, authority }
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

text_value!(BaseUrl, BaseUrl::parse, "a base URL such as https://example.com, as text");

const NO_URL: &str = "is not a URL; expected https://HOST[:PORT][/PREFIX]";

const fn problem(problem: &'static str) -> ConfigError {
    ConfigError::new("the base URL", problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_is_ignored_and_a_prefix_is_kept() {
        for (text, joined) in [
            ("https://example.com", "https://example.com/auth"),
            ("https://example.com/", "https://example.com/auth"),
            ("https://example.com:8443/governance", "https://example.com:8443/governance/auth"),
            ("https://example.com/a/b~c:d@e/", "https://example.com/a/b~c:d@e/auth"),
            ("http://127.0.0.1:80/", "http://127.0.0.1:80/auth"),
            ("http://[::1]:8080", "http://[::1]:8080/auth"),
            ("HTTP://LocalHost/x%20y", "http://localhost/x%20y/auth"),
            ("https://Example.com.:8443", "https://example.com.:8443/auth"),
            ("http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080/auth"),
            ("http://[::0001]", "http://[::1]/auth"),
            ("http://[0::0:0.0.0.1]", "http://[::1]/auth"),
            ("https://[2001:0DB8:0:1:0:0:0:1]:443", "https://[2001:db8:0:1::1]:443/auth"),
        ] {
            let base = BaseUrl::parse(text).unwrap();
            assert_eq!(base.join("/auth").unwrap().to_string(), joined);
            assert_eq!(BaseUrl::parse(base.as_str()), Ok(base));
        }
    }

    #[test]
    fn a_url_that_two_http_libraries_may_read_differently_is_refused() {
        for text in [
            "",
            "/auth",
            "example.com",
            "ftp://example.com",
            "https://",
            "https:///x",
            "https://u:p@example.com",
            "https://@example.com",
            "https://example.com?x=1",
            "https://example.com/?",
            "https://example.com/#",
            "https://example.com#x",
            "https://example.com//",
            "https://example.com/a//b",
            "https://example.com/./a",
            "https://example.com/a/..",
            "https://example.com/%2e%2E/a",
            "https://example.com/a%2Fb",
            "https://example.com/a%5cb",
            "https://example.com/a%zz",
            "https://example.com/a%2",
            "https://example.com/a\\b",
            "https://example.com/a|b",
            "https://example.com/a\"b",
            "https://example.com/admin",
            "https://example.com/x/Admin/",
            "https://example.com:",
            "https://example.com:0",
            "https://example.com:99999",
            "https://[2001:db8::1]443",
            "https://[::1]example.com",
            "https://exa mple.com",
            "https://exämple.com",
            "https://[::1",
            "https://[nonsense]",
            "https://a%41.com",
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            " https://example.com",
            "https://example.com:+443",
            "https://.",
            "https://a..b",
            "https://.a",
            "https://127.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://1.2.3.256",
            "https://a.0x1",
            "https://1.2.3.4.",
            "https://127.0.0.1.",
            "https://0x7f000001",
            "https://0177.0.0.1",
            "https://127.0.0x1",
            "https://127.0.0.1.0",
            "http://[::ffff:127.0.0.1]",
            "http://[::FFFF:7f00:1]",
            "https://[::ffff:192.0.2.1]",
            "https://[::1%25lo]",
            "https://::1",
            "http://localhost.",
            "http://LOCALHOST.:8080",
            "http://localhost..",
        ] {
            assert!(BaseUrl::parse(text).is_err(), "{text:?} was accepted");
        }
        assert!(BaseUrl::parse_allowing_http("http://example.com").is_ok());
        for text in ["http://localhost.", "http://example.com.", "http://[::ffff:127.0.0.1]", "http://127.1"]
        {
            assert!(BaseUrl::parse_allowing_http(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn http_is_refused_except_for_loopback_or_with_an_explicit_opt_in() {
        for host in ["example.com", "10.0.0.1", "192.168.0.1:8080", "[2001:db8::1]", "a.localhost", "0.0.0.0"]
        {
            let url = format!("http://{host}/x");
            assert!(BaseUrl::parse(&url).unwrap_err().to_string().contains("http"), "{url}");
            assert!(BaseUrl::parse_allowing_http(&url).is_ok(), "{url}");
            assert!(BaseUrl::parse(&url.replace("http:", "https:")).is_ok(), "{url}");
        }
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.1.2.3:80", "[::1]"] {
            assert!(BaseUrl::parse(&format!("http://{host}/x")).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_host_is_loopback_by_its_address() {
        for host in [
            "localhost",
            "LocalHost.",
            "127.0.0.1",
            "127.255.0.9",
            "::1",
            "[::1]",
            "[0:0::1]",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["localhost..", "a.localhost", "127.1", "[::2]", "[::ffff:192.0.2.1]", "[127.0.0.1]"] {
            assert!(!is_loopback_host(host), "{host}");
        }
        assert!(localhost_addresses("LOCALHOST.").unwrap().iter().all(std::net::IpAddr::is_loopback));
        assert_eq!(localhost_addresses("127.0.0.1"), None);
    }

    #[test]
    fn an_error_does_not_quote_the_url() {
        let refused = BaseUrl::parse("https://user:hunter2@example.com").unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    }
}

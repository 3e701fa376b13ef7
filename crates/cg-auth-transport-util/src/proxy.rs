//! [`Proxy`]: the address and the login of an HTTP proxy. [`ProxyChoice`]: which proxy a transport uses.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use cg_auth_core::ConfigError;
use http::{
    HeaderValue, Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

/// Which proxy a transport uses.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ProxyChoice {
    /// The one that the environment variables name, for `https:` only.
    #[default]
    Environment,
    /// None.
    Off,
    /// This one, for every host but those of the loopback interface.
    Explicit(Proxy),
}

/// The address of an HTTP proxy, and the login that it requires.
#[derive(Clone)]
pub struct Proxy {
    uri: Uri,
    authorization: Option<HeaderValue>,
}

impl Proxy {
    /// Reads the URL of an `http:` or `https:` proxy. A URL without a scheme is `http:`. Blanks and line ends
    /// around it have no effect.
    ///
    /// # Errors
    /// [`ConfigError`] with a hint. It never quotes the URL, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, ConfigError> {
        Self::parse_named(url, "the proxy")
    }

    /// Like [`parse`](Self::parse), for a setting that errors call `setting`.
    pub(crate) fn parse_named(url: &str, setting: &'static str) -> Result<Self, ConfigError> {
        Self::read(url).map_err(|problem| ConfigError::new(setting, problem))
    }

    fn read(url: &str) -> Result<Self, &'static str> {
        let uri = Uri::from_str(url.trim()).map_err(|_| NO_URL)?;
        let scheme = uri.scheme().cloned().unwrap_or(Scheme::HTTP);
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err("has a scheme other than http and https, the only ones supported");
        }
        let authority = uri.authority().ok_or("has no host")?;
        let (userinfo, address) = match authority.as_str().split_once('@') {
            Some((_, rest)) if rest.contains('@') => {
                return Err("has more than one @; in a user name or password it is written %40");
            }
            Some((userinfo, address)) => (Some(userinfo), address),
            None => (None, authority.as_str()),
        };
        let address: Authority = address.parse().map_err(|_| NO_ADDRESS)?;
        let has_port = address.as_str() != address.host();
        if address.host().is_empty() || (has_port && address.port_u16().is_none_or(|port| port == 0)) {
            return Err(NO_ADDRESS);
        }
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(address)
            .path_and_query(PathAndQuery::from_static("/"))
            .build()
            .map_err(|_| NO_URL)?;
        Ok(Self { uri, authorization: userinfo.map(basic_authorization).transpose()? })
    }

    /// The address of the proxy, without the login.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The value of the header `proxy-authorization` that logs in, marked sensitive.
    #[must_use]
    pub const fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("uri", self.uri()).finish_non_exhaustive()
    }
}

/// The `Basic` scheme (RFC 7617) for the userinfo of a URL; without a colon the password is empty.
fn basic_authorization(userinfo: &str) -> Result<HeaderValue, &'static str> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let mut login = percent_decoded(user);
    login.push(b':');
    login.extend(percent_decoded(password));
    let value = format!("Basic {}", BASE64_STANDARD.encode(login));
    let mut value = HeaderValue::from_str(&value).map_err(|_| NO_URL)?;
    value.set_sensitive(true);
    Ok(value)
}

/// `text` with each `%XX` as the byte that it stands for. A `%` without two hexadecimal digits stays.
fn percent_decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let digits =
            after.get(..2).filter(|digits| *byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let encoded = digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        decoded.push(encoded.unwrap_or(*byte));
        rest = if encoded.is_some() { &after[2..] } else { after };
    }
    decoded
}

const NO_URL: &str = "is not a URL";
const NO_ADDRESS: &str = "has no host, or a port that is not a number from 1 to 65535";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Proxies;

    #[test]
    fn a_login_is_decoded_and_never_shown() {
        let proxy = Proxy::parse("https://some%20one:p%40ss@proxy.example/path").unwrap();
        assert_eq!(proxy.uri(), "https://proxy.example/");
        let authorization = proxy.authorization().unwrap();
        assert_eq!(authorization, "Basic c29tZSBvbmU6cEBzcw==");
        assert!(authorization.is_sensitive());
        let choice = ProxyChoice::Explicit(proxy);
        let shown = format!("{choice:?} {:?}", Proxies::new(choice.clone()));
        assert!(!shown.contains("ss@") && !shown.contains("%40") && !shown.contains("Basic"), "{shown}");
    }

    #[test]
    fn a_login_may_have_an_empty_part_and_stray_percent_signs() {
        for (userinfo, login) in [
            ("user", "user:"),
            ("user:", "user:"),
            (":password", ":password"),
            ("user:a:b", "user:a:b"),
            ("50%25:100%", "50%:100%"),
            ("%zz:%4", "%zz:%4"),
            ("caf%C3%A9:%", "caf\u{e9}:%"),
        ] {
            let value = basic_authorization(userinfo).unwrap();
            assert_eq!(value, format!("Basic {}", BASE64_STANDARD.encode(login)), "{userinfo}");
        }
    }

    #[test]
    fn a_url_without_a_scheme_is_http() {
        for url in ["proxy.example:3128", "proxy.example:3128\r", " proxy.example:3128\t\r\n"] {
            let proxy = Proxy::parse(url).unwrap();
            assert_eq!(proxy.uri(), "http://proxy.example:3128/");
            assert!(proxy.authorization().is_none());
        }
    }

    #[test]
    fn a_url_that_is_not_of_an_http_proxy_is_refused_and_not_quoted() {
        for url in [
            "",
            "/",
            "hunter2 hunter2",
            "socks5://u:hunter2@proxy.example",
            "ftp://u:hunter2@proxy.example",
            "http://u:hunter2@hunter2@proxy.example",
            "http://u:hunter2@",
            "http://u:hunter2@proxy.example:",
            "http://u:hunter2@proxy.example:99999",
            "http://99999:99999",
            "http://u:hunter2@proxy\r.example",
            "\"http://u:hunter2@proxy.example\"",
        ] {
            let refused = Proxy::parse(url).map(drop).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{url}");
        }
    }
}

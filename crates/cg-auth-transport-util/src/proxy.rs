//! [`Proxies`]: which requests go through a proxy.

use std::{env, fmt, str::FromStr, sync::Arc};

use cg_auth_core::{ConfigError, model::is_loopback_host, transport::TransportError};
use http::{HeaderValue, Uri, uri::Scheme};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// Where the wish for a proxy comes from.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ProxyChoice {
    /// The environment's variables, for `https:` only.
    #[default]
    Environment,
    /// No proxy.
    Off,
    /// This one, for every host but those of the loopback interface.
    Explicit(Proxy),
}

/// The address of an HTTP proxy, and what it wants to know.
#[derive(Clone)]
pub struct Proxy {
    intercept: Intercept,
}

impl Proxy {
    /// Reads the URL of an `http:` or `https:` proxy; one without a scheme is `http:`.
    ///
    /// # Errors
    /// [`ConfigError`] with a hint; it never quotes the URL, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, ConfigError> {
        Self::parse_named(url, "the proxy")
    }

    fn parse_named(url: &str, subject: &'static str) -> Result<Self, ConfigError> {
        let problem = |problem| Err(ConfigError::new(subject, problem));
        let Ok(uri) = Uri::from_str(url) else { return problem("is not a URL") };
        match uri.scheme() {
            None => {}
            Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => {}
            Some(_) => return problem("has a scheme other than http and https, the only ones supported"),
        }
        let Some(authority) = uri.authority() else { return problem("has no host") };
        if authority.as_str().matches('@').count() > 1 {
            return problem("has more than one @; in a user name or password it is written %40");
        }
        let host_and_port = authority.as_str().rsplit('@').next();
        let has_port = host_and_port != Some(authority.host());
        if authority.host().is_empty() || (has_port && authority.port_u16().is_none_or(|port| port == 0)) {
            return problem("has no host, or a port that is not a number from 1 to 65535");
        }
        // Told apart from the proxy's own host, so that no exclusion applies.
        let probe = Uri::from_static("https://probe.invalid");
        match Matcher::builder().all(url.to_owned()).build().intercept(&probe) {
            Some(intercept) => Ok(Self { intercept }),
            None => problem("is not a URL"),
        }
    }

    /// Where it listens, without credentials.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.intercept.uri()
    }

    /// The value of `proxy-authorization` that it is sent, marked sensitive.
    #[must_use]
    pub fn authorization(&self) -> Option<&HeaderValue> {
        self.intercept.basic_auth()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("uri", self.uri()).finish_non_exhaustive()
    }
}

/// What a [`ProxyChoice`] comes to, the environment read.
#[derive(Debug, Clone)]
pub struct Proxies {
    rule: Option<Arc<Rule>>,
}

#[derive(Debug)]
enum Rule {
    /// For every host.
    Explicit(Proxy),
    /// For `https:` to some hosts.
    Environment(Proxy, Box<Matcher>),
    /// For `https:` there should be one, and nobody knows which.
    Unreadable(TransportError),
}

impl Proxies {
    /// Reads the environment where `choice` says so.
    #[must_use]
    pub fn new(choice: ProxyChoice) -> Self {
        let rule = match choice {
            ProxyChoice::Off => None,
            ProxyChoice::Explicit(proxy) => Some(Rule::Explicit(proxy)),
            ProxyChoice::Environment => from_environment()
                .unwrap_or_else(|error| Some(Rule::Unreadable(TransportError::config(error)))),
        };
        Self { rule: rule.map(Arc::new) }
    }

    /// The proxy that a request to `uri` goes through, if any.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind, naming the variable, where the environment's wish cannot be read.
    pub fn proxy_for(&self, uri: &Uri) -> Result<Option<&Proxy>, TransportError> {
        if uri.host().is_none_or(is_loopback_host) {
            return Ok(None);
        }
        let is_https = uri.scheme() == Some(&Scheme::HTTPS);
        match self.rule.as_deref() {
            Some(Rule::Explicit(proxy)) => Ok(Some(proxy)),
            Some(Rule::Environment(proxy, matcher)) if is_https => {
                Ok(matcher.intercept(uri).is_some().then_some(proxy))
            }
            Some(Rule::Unreadable(problem)) if is_https => Err(problem.clone()),
            _ => Ok(None),
        }
    }

    /// The only proxy that a request may go through.
    #[must_use]
    pub fn chosen(&self) -> Option<&Proxy> {
        match self.rule.as_deref()? {
            Rule::Explicit(proxy) | Rule::Environment(proxy, _) => Some(proxy),
            Rule::Unreadable(_) => None,
        }
    }
}

fn from_environment() -> Result<Option<Rule>, ConfigError> {
    let Some((name, url)) = first_variable(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])? else {
        return Ok(None);
    };
    let proxy = Proxy::parse_named(&url, name)?;
    let excluded = first_variable(&["NO_PROXY", "no_proxy"])?.map_or_else(String::new, |(_, hosts)| hosts);
    let excluded: Vec<_> = excluded.split(',').map(|host| as_the_matcher_knows_it(host.trim())).collect();
    // The matcher takes this for every name, and for no address.
    if excluded.contains(&"*") {
        return Ok(None);
    }
    let matcher = Matcher::builder().https(url).no(excluded.join(",")).build();
    Ok(Some(Rule::Environment(proxy, Box::new(matcher))))
}

/// An entry of `NO_PROXY` without what others allow in it: `*.` before a domain, brackets around an address.
fn as_the_matcher_knows_it(host: &str) -> &str {
    let host = host.strip_prefix('*').filter(|domain| domain.starts_with('.')).unwrap_or(host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The first one that is set to more than nothing.
fn first_variable(names: &[&'static str]) -> Result<Option<(&'static str, String)>, ConfigError> {
    for name in names {
        match env::var(name) {
            Ok(value) if value.is_empty() => {}
            Ok(value) => return Ok(Some((name, value))),
            Err(env::VarError::NotPresent) => {}
            Err(env::VarError::NotUnicode(_)) => return Err(ConfigError::new(name, "is not UTF-8")),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explicit_proxy_serves_every_host_but_loopback() {
        let proxies = Proxies::new(ProxyChoice::Explicit(Proxy::parse("proxy.example:3128").unwrap()));
        for (uri, is_proxied) in [
            ("https://service.example/", true),
            ("http://service.example/", true),
            ("https://10.0.0.1", true),
            ("https://localhost.example", true),
            ("https://localhost", false),
            ("https://localhost.", false),
            ("http://LOCALHOST:8080/x", false),
            ("http://127.9.9.9", false),
            ("https://[::1]:8443/x", false),
        ] {
            let uri = uri.parse().unwrap();
            assert_eq!(proxies.proxy_for(&uri).unwrap().is_some(), is_proxied, "{uri}");
        }
        assert_eq!(proxies.chosen().unwrap().uri(), "http://proxy.example:3128/");
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let proxy = Proxy::parse("https://some%20one:p%40ss@proxy.example").unwrap();
        assert_eq!(proxy.uri(), "https://proxy.example/");
        let authorization = proxy.authorization().unwrap();
        assert_eq!(authorization, "Basic c29tZSBvbmU6cEBzcw==");
        assert!(authorization.is_sensitive());
        let choice = ProxyChoice::Explicit(proxy);
        let shown = format!("{choice:?} {:?}", Proxies::new(choice.clone()));
        assert!(!shown.contains("ss@") && !shown.contains("%40") && !shown.contains("Basic"), "{shown}");
    }

    #[test]
    fn what_is_no_http_proxy_is_refused_without_being_quoted() {
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
        ] {
            let refused = Proxy::parse(url).map(drop).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{url}");
        }
    }

    #[test]
    fn what_others_allow_in_no_proxy_is_known() {
        for (entry, known) in [
            ("service.example", "service.example"),
            (".service.example", ".service.example"),
            ("*.service.example", ".service.example"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(as_the_matcher_knows_it(entry), known);
        }
    }
}

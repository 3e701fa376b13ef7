//! [`Proxies`]: which requests go through a proxy.

mod no_proxy;

use std::{env, sync::Arc};

use cg_auth_core::{ConfigError, model::is_loopback_host, transport::TransportError};
use http::{Uri, uri::Scheme};

use self::no_proxy::NoProxy;
use crate::proxy::{Proxy, ProxyChoice};

/// Decides for each request whether it goes through a proxy.
#[derive(Debug, Clone)]
pub struct Proxies {
    rule: Option<Arc<Rule>>,
}

#[derive(Debug)]
enum Rule {
    /// For every host.
    Explicit(Proxy),
    /// For `https:` to hosts that the list, from the variable of this name, does not hold.
    Environment(Proxy, &'static str, NoProxy),
    /// For `https:`: a proxy variable of the environment is invalid, as this error says.
    Unreadable(TransportError),
}

impl Proxies {
    /// The proxies of `choice`. Reads the environment if that is the choice.
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

    /// The proxy that a request to `uri` goes through; `None` if it goes to its host directly.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind that names the environment variable when it, or an entry of the
    /// list of excluded hosts, cannot be read and the request needs it.
    pub fn proxy_for(&self, uri: &Uri) -> Result<Option<&Proxy>, TransportError> {
        let Some(host) = uri.host().filter(|host| !is_loopback_host(host)) else { return Ok(None) };
        let is_https = uri.scheme() == Some(&Scheme::HTTPS);
        match self.rule.as_deref() {
            Some(Rule::Explicit(proxy)) => Ok(Some(proxy)),
            Some(Rule::Environment(proxy, variable, list)) if is_https => {
                match list.excludes(host, uri.port_u16().unwrap_or(443)) {
                    Ok(is_excluded) => Ok((!is_excluded).then_some(proxy)),
                    Err(unreadable) => Err(TransportError::config(format!("{variable} {unreadable}"))),
                }
            }
            Some(Rule::Unreadable(problem)) if is_https => Err(problem.clone()),
            _ => Ok(None),
        }
    }

    /// The only proxy that a request may go through.
    #[must_use]
    pub fn chosen(&self) -> Option<&Proxy> {
        match self.rule.as_deref()? {
            Rule::Explicit(proxy) | Rule::Environment(proxy, ..) => Some(proxy),
            Rule::Unreadable(_) => None,
        }
    }
}

fn from_environment() -> Result<Option<Rule>, ConfigError> {
    let Some((name, url)) = first_variable(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])? else {
        return Ok(None);
    };
    let proxy = Proxy::parse_named(&url, name)?;
    let (name, excluded) = first_variable(&["NO_PROXY", "no_proxy"])?.unwrap_or_default();
    Ok(Some(Rule::Environment(proxy, name, NoProxy::parse(&excluded))))
}

/// The name and value of the first variable that is set and not blank.
fn first_variable(names: &[&'static str]) -> Result<Option<(&'static str, String)>, ConfigError> {
    for name in names {
        match env::var(name) {
            Ok(value) if value.trim().is_empty() => {}
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
}

//! [`Proxies`]: which requests go through a proxy.

mod no_proxy;
mod reason;

use std::{env, ffi::OsString, sync::Arc};

use cg_auth_core::{ConfigError, model::is_loopback_host, transport::TransportError};
use http::{Uri, uri::Scheme};

use self::no_proxy::NoProxy;
pub use self::reason::ProxyReason;
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
    /// For `https:` to hosts that the list does not hold.
    Environment { proxy: Proxy, variable: &'static str, excluded: NoProxy, excluded_by: &'static str },
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
            ProxyChoice::Environment => return Self::of_environment(|name| env::var_os(name)),
        };
        Self { rule: rule.map(Arc::new) }
    }

    /// The proxies of an environment whose variables `variable` gives, as [`ProxyChoice::Environment`] reads
    /// them from the environment of the process.
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let rule = rule_of_environment(variable)
            .unwrap_or_else(|error| Some(Rule::Unreadable(TransportError::config(error))));
        Self { rule: rule.map(Arc::new) }
    }

    /// The proxy that a request to `uri` goes through; `None` if it goes to its host directly.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind that names the environment variable when it, or an entry of the
    /// list of excluded hosts, cannot be read and the request needs it.
    pub fn proxy_for(&self, uri: &Uri) -> Result<Option<&Proxy>, TransportError> {
        Ok(self.decide(uri)?.0)
    }

    /// Why a request to `uri` goes through its proxy, or directly.
    ///
    /// # Errors
    /// [`TransportError`], as from [`proxy_for`](Self::proxy_for).
    pub fn reason_for(&self, uri: &Uri) -> Result<ProxyReason, TransportError> {
        Ok(self.decide(uri)?.1)
    }

    fn decide(&self, uri: &Uri) -> Result<(Option<&Proxy>, ProxyReason), TransportError> {
        let Some(rule) = self.rule.as_deref() else { return Ok((None, ProxyReason::NoneSet)) };
        let Some(host) = uri.host().filter(|host| !is_loopback_host(host)) else {
            return Ok((None, ProxyReason::Loopback));
        };
        match rule {
            Rule::Explicit(proxy) => Ok((Some(proxy), ProxyReason::Explicit)),
            _ if uri.scheme() != Some(&Scheme::HTTPS) => Ok((None, ProxyReason::PlainHttp)),
            Rule::Unreadable(problem) => Err(problem.clone()),
            Rule::Environment { proxy, variable, excluded, excluded_by } => {
                match excluded.excludes(host, uri.port_u16().unwrap_or(443)) {
                    Ok(true) => Ok((None, ProxyReason::Excluded(excluded_by))),
                    Ok(false) => Ok((Some(proxy), ProxyReason::Environment(variable))),
                    Err(unreadable) => Err(TransportError::config(format!("{excluded_by} {unreadable}"))),
                }
            }
        }
    }

    /// The only proxy that a request may go through.
    #[must_use]
    pub fn chosen(&self) -> Option<&Proxy> {
        match self.rule.as_deref()? {
            Rule::Explicit(proxy) | Rule::Environment { proxy, .. } => Some(proxy),
            Rule::Unreadable(_) => None,
        }
    }
}

fn rule_of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Option<Rule>, ConfigError> {
    let first = |names: &[&'static str]| first_variable(names, &variable);
    let Some((name, url)) = first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])? else {
        return Ok(None);
    };
    let proxy = Proxy::parse_named(&url, name)?;
    let (excluded_by, excluded) = first(&["NO_PROXY", "no_proxy"])?.unwrap_or_default();
    let excluded = NoProxy::parse(&excluded);
    Ok(Some(Rule::Environment { proxy, variable: name, excluded, excluded_by }))
}

/// The name and value of the first variable that is set and not blank.
fn first_variable(
    names: &[&'static str],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<(&'static str, String)>, ConfigError> {
    for name in names {
        let Some(value) = variable(name) else { continue };
        let value = value.into_string().map_err(|_| ConfigError::new(name, "is not UTF-8"))?;
        if !value.trim().is_empty() {
            return Ok(Some((name, value)));
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
            let reason = if is_proxied { ProxyReason::Explicit } else { ProxyReason::Loopback };
            assert_eq!(proxies.reason_for(&uri).unwrap(), reason, "{uri}");
        }
        assert_eq!(proxies.chosen().unwrap().uri(), "http://proxy.example:3128/");
    }
    #[test]
    fn the_reason_names_the_variable_that_decides() {
        let rule = Rule::Environment {
            proxy: Proxy::parse("proxy.example:3128").unwrap(),
            variable: "ALL_PROXY",
            excluded: NoProxy::parse("internal.example"),
            excluded_by: "no_proxy",
        };
        let proxies = Proxies { rule: Some(Arc::new(rule)) };
        for (uri, reason, is_proxied) in [
            ("https://service.example", "set by ALL_PROXY", true),
            ("https://a.internal.example", "no_proxy lists the host", false),
            ("http://service.example", "plain http never uses the proxy of the environment", false),
            ("https://127.0.0.1", "a loopback host never uses a proxy", false),
        ] {
            let uri = uri.parse().unwrap();
            assert_eq!(proxies.reason_for(&uri).unwrap().to_string(), reason, "{uri}");
            assert_eq!(proxies.proxy_for(&uri).unwrap().is_some(), is_proxied, "{uri}");
        }
        let none = Proxies::new(ProxyChoice::Off);
        assert_eq!(
            none.reason_for(&"https://service.example".parse().unwrap()).unwrap(),
            ProxyReason::NoneSet
        );
    }
}

//! The proxy variables of an environment.

use std::ffi::OsString;

use cg_auth_core::{BaseUrl, causes::cause_chain, transport::TransportErrorKind};
use cg_auth_transport_util::{Proxies, Proxy};
use http::{Uri, uri::Scheme};

use crate::exchange::next_line;

/// The lines of the input: a URL that is requested, `HTTPS_PROXY`, and `NO_PROXY`.
pub fn check(input: &[u8]) {
    let Ok(mut lines) = std::str::from_utf8(input) else { return };
    let (url, proxy, list) = (next_line(&mut lines), next_line(&mut lines), lines);
    read_proxy(proxy);
    if let Ok(uri) = url.parse::<Uri>() {
        choose(&uri, proxy, list);
    }
}

fn read_proxy(text: &str) {
    match Proxy::parse(text) {
        Ok(proxy) => {
            let uri = proxy.uri();
            assert!(matches!(uri.scheme_str(), Some("http" | "https")));
            assert_eq!((uri.path(), uri.query()), ("/", None));
            assert!(uri.host().is_some_and(|host| !host.is_empty()) && !uri.to_string().contains('@'));
            assert_eq!(proxy.authorization().is_some(), text.contains('@') && !has_at_in_path(text));
            assert!(
                proxy
                    .authorization()
                    .is_none_or(|login| { login.is_sensitive() && login.as_bytes().starts_with(b"Basic ") })
            );
            assert_eq!(Proxy::parse(&uri.to_string()).unwrap().uri(), uri);
            let shown = format!("{proxy:?}").to_ascii_lowercase();
            assert!(!shown.contains("canary") || uri.to_string().to_ascii_lowercase().contains("canary"));
        }
        Err(error) => assert!(!cause_chain(&error).contains("CANARY")),
    }
}

/// Whether an at sign stands behind the authority only, where it is no login.
fn has_at_in_path(text: &str) -> bool {
    let rest = text.trim().split_once("://").map_or(text.trim(), |(_, rest)| rest);
    !rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())].contains('@')
}

/// What happens to a request: `None` if the variables cannot be read, else whether it uses the proxy.
fn is_proxied(uri: &Uri, proxy: &str, list: &str) -> Option<bool> {
    let proxies = Proxies::of_environment(|name| match name {
        "HTTPS_PROXY" => Some(OsString::from(proxy)),
        "NO_PROXY" => Some(OsString::from(list)),
        _ => None,
    });
    match proxies.proxy_for(uri) {
        Ok(proxy) => Some(proxy.is_some()),
        Err(error) => {
            assert_eq!(error.kind(), TransportErrorKind::Config);
            let told = cause_chain(&error);
            assert!(told.contains("PROXY") && !told.contains("CANARY"), "{told}");
            None
        }
    }
}

fn choose(uri: &Uri, proxy: &str, list: &str) {
    let is = |list: &str| is_proxied(uri, proxy, list);
    let chosen = is(list);
    let Some(host) = uri.host() else {
        assert_eq!(chosen, Some(false));
        return;
    };
    let base = BaseUrl::parse(&format!("https://{}", uri.authority().unwrap()));
    if uri.scheme() != Some(&Scheme::HTTPS) || base.as_ref().is_ok_and(BaseUrl::is_loopback) {
        assert_eq!(chosen, Some(false), "loopback and plain http never use a proxy of the environment");
    }
    if proxy.trim().is_empty() || Proxy::parse(proxy).is_err() {
        return;
    }
    let reversed: Vec<_> = list.split(',').rev().collect();
    assert_eq!(is(&reversed.join(",")), chosen, "the order of the entries does not count");
    assert_eq!(is(&list.replace(',', ";")), chosen);
    assert_eq!(is(&format!("{list},*")), Some(false), "a star excludes every host");
    if chosen == Some(false) {
        assert_eq!(is(&format!("{list},other.example")), chosen, "a further entry takes nothing away");
    }
    if base.is_ok() && uri.scheme() == Some(&Scheme::HTTPS) {
        assert_eq!(is(&format!("{list},{host}")), Some(false), "a host excludes itself");
        same_for_other_spellings(uri, host, chosen, |uri| is_proxied(uri, proxy, list));
    }
}

fn same_for_other_spellings(
    uri: &Uri,
    host: &str,
    chosen: Option<bool>,
    is_proxied: impl Fn(&Uri) -> Option<bool>,
) {
    let port = uri.port().map_or(String::new(), |port| format!(":{port}"));
    let of_host = |host: &str| format!("https://{host}{port}/").parse::<Uri>().unwrap();
    assert_eq!(is_proxied(&of_host(&host.to_ascii_uppercase())), chosen, "case does not count");
    let is_name = !host.starts_with('[') && host.parse::<std::net::Ipv4Addr>().is_err();
    if is_name && !host.ends_with('.') && host.len() < 200 {
        assert_eq!(is_proxied(&of_host(&format!("{host}."))), chosen, "a dot at the end does not count");
        if chosen == Some(false) && !host.eq_ignore_ascii_case("localhost") {
            assert_eq!(is_proxied(&of_host(&format!("below.{host}"))), chosen, "an entry covers subdomains");
        }
    }
}

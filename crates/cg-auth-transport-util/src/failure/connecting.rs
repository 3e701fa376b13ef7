//! A connection that could not be made.

use std::{error::Error, io};

use cg_auth_core::{
    causes::{causes, find_cause},
    model::Environment,
    transport::TransportError,
};

use super::route::{Hop, Peer, Route};
#[cfg(feature = "rustls")]
use super::tls;

/// A failure to make the connection for a request, as hyper-util's connectors report it. The request was not
/// sent.
///
/// The message names host and port of the service or, when it concerns the proxy, of the proxy. After a
/// semicolon it says what to check. A [`TransportError`] among the causes is a connector's own and stays.
pub fn connecting(error: impl Error + Send + Sync + 'static, route: &Route<'_>) -> TransportError {
    if let Some(own) = find_cause::<TransportError>(&error) {
        return own.clone();
    }
    // hyper-util has no public types for these.
    let tunnel = causes(&error).map(ToString::to_string).find(|text| text.starts_with(TUNNEL));
    let is_name = causes(&error).any(|cause| cause.to_string() == "dns error");
    // An error of the tunnel itself concerns the connection to the proxy. Any other error behind a tunnel
    // concerns the service.
    let hop = match tunnel.is_some() || route.forwarding_proxy().is_some() {
        true => Hop::Proxy,
        false => Hop::Service,
    };
    match tunnel.as_deref().and_then(|text| text.strip_prefix(TUNNEL)) {
        Some("proxy authorization required") => login_refused(error, route),
        Some("unsuccessful") => tunnel_refused(error, route),
        Some("unexpected end of file" | "proxy response headers too long") => not_a_proxy(error, route),
        _ if is_name => name_not_found(error, hop, route),
        _ => unconnected(error, hop, route),
    }
}

/// The proxy asked for a login, or for another one (407). The request was not sent.
pub fn login_refused(error: impl Error + Send + Sync + 'static, route: &Route<'_>) -> TransportError {
    let problem = format!("{} refused the login (407)", route.peer(Hop::Proxy));
    TransportError::config(error).with_message(format!("{problem}; put user:password into the proxy's URL"))
}

/// The proxy answered the request for a tunnel with another status than 2xx and 407. The request was not sent.
pub fn tunnel_refused(error: impl Error + Send + Sync + 'static, route: &Route<'_>) -> TransportError {
    let problem = format!("{} opened no tunnel to {}", route.peer(Hop::Proxy), route.service());
    let message = format!("{problem}; check whether it allows this host and port");
    TransportError::connect(error).with_message(message)
}

/// The answer to the request for a tunnel is not one of an HTTP proxy. The request was not sent.
pub fn not_a_proxy(error: impl Error + Send + Sync + 'static, route: &Route<'_>) -> TransportError {
    let peer = route.peer(Hop::Proxy);
    unreached(&peer, "it does not answer as an HTTP proxy", CHECK_NETWORK, error)
}

/// No address was found for the name of the host. The request was not sent.
pub fn name_not_found(
    error: impl Error + Send + Sync + 'static,
    hop: Hop,
    route: &Route<'_>,
) -> TransportError {
    let peer = route.peer(hop);
    unreached(&peer, "host name not found", &check_name(&peer), error)
}

/// A failure to connect to the proxy or to the service, over TCP or in the TLS handshake. The request was not
/// sent.
pub fn unconnected(error: impl Error + Send + Sync + 'static, hop: Hop, route: &Route<'_>) -> TransportError {
    let peer = route.peer(hop);
    #[cfg(feature = "rustls")]
    if let Some(error) = find_cause(&error) {
        return tls::handshake(error, &peer);
    }
    classify_io(error, &peer, route.is_https())
}

/// A failure below TLS and HTTP, by the kind of the operating system's error.
fn classify_io(error: impl Error + Send + Sync + 'static, peer: &Peer, is_https: bool) -> TransportError {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
        NetworkUnreachable, UnexpectedEof,
    };
    match find_cause::<io::Error>(&error).map(innermost).map(io::Error::kind) {
        Some(ConnectionRefused) => {
            unreached(peer, "connection refused", "check the host and the port of the base URL", error)
        }
        Some(HostUnreachable | NetworkUnreachable) => {
            unreached(peer, "no route to the host", CHECK_NETWORK, error)
        }
        // The connection was open when it ended, so the TLS handshake failed.
        Some(UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
            if is_https && !peer.is_proxy =>
        {
            let problem = format!("the TLS handshake with {peer} failed: the server ended the connection");
            let message = format!("{problem}; check the port of the base URL");
            TransportError::tls(error).with_message(message)
        }
        _ => unreached(peer, "connecting failed or took too long", CHECK_NETWORK, error),
    }
}

/// The environments help with a base URL that is not the service's. The host of an environment is right.
fn check_name(peer: &Peer) -> String {
    let hosts = Environment::ALL.map(|environment| environment.base_url().as_str().replace("https://", ""));
    if hosts.iter().any(|host| host == peer.host()) {
        return "check the DNS".to_owned();
    }
    let named =
        Environment::ALL.iter().zip(&hosts).map(|(environment, host)| format!("{environment} ({host})"));
    let environments = named.collect::<Vec<_>>().join(", ");
    format!("check the base URL and the DNS; the known environments are {environments}")
}

/// `check` says what to check if `peer` is the service. The advice for a proxy is always the same.
fn unreached(
    peer: &Peer,
    reason: &str,
    check: &str,
    error: impl Error + Send + Sync + 'static,
) -> TransportError {
    let check = if peer.is_proxy { "check the proxy's URL and the network" } else { check };
    TransportError::connect(error).with_message(format!("cannot reach {peer}: {reason}; {check}"))
}

/// hyper-rustls wraps the I/O error of a handshake in another one.
fn innermost(error: &io::Error) -> &io::Error {
    error.get_ref().and_then(|inner| inner.downcast_ref()).map_or(error, innermost)
}

/// The beginning of hyper-util's text for an error on the way to a tunnel.
const TUNNEL: &str = "tunnel error: ";
const CHECK_NETWORK: &str = "check the network, and whether it requires a proxy";

#[cfg(test)]
mod tests {
    use cg_auth_core::causes::cause_chain;

    use super::*;
    use crate::Proxy;

    #[test]
    fn a_host_that_is_not_found_and_of_no_environment_lists_the_environments() {
        let text = |uri: &str| {
            connecting(io::Error::other("dns error"), &Route::new(&uri.parse().unwrap(), None)).to_string()
        };
        let unknown = text("https://go-apo.avepointonlineservices.com");
        assert!(
            unknown.starts_with("cannot reach go-apo.avepointonlineservices.com:443: host name not found")
        );
        for environment in Environment::ALL {
            let host = environment.base_url().as_str().replace("https://", "");
            assert!(unknown.contains(&format!("{environment} ({host})")), "{unknown}");
            let known = text(environment.base_url().as_str());
            assert_eq!(known, format!("cannot reach {host}:443: host name not found; check the DNS"));
        }
    }

    #[test]
    fn messages_name_host_and_port_and_neither_userinfo_nor_path() {
        let proxy = Proxy::parse("http://user:hunter2@proxy.example:3128").unwrap();
        for (uri, proxy, expected) in [
            ("https://user:hunter2@service.example/path?query", None, "cannot reach service.example:443: "),
            ("http://service.example:8080/path", None, "cannot reach service.example:8080: "),
            ("http://[2001:db8::1]/path", None, "cannot reach [2001:db8::1]:80: "),
            ("http://service.example/path", Some(&proxy), "cannot reach the proxy proxy.example:3128: "),
        ] {
            let error = io::Error::from(io::ErrorKind::ConnectionRefused);
            let error = connecting(error, &Route::new(&uri.parse().unwrap(), proxy));
            let shown = cause_chain(&error);
            assert!(shown.starts_with(&format!("{expected}connection refused; check ")), "{shown}");
            assert!(!shown.contains("hunter2") && !shown.contains("path"), "{shown}");
        }
    }
}

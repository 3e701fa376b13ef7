//! Which schemes, hosts and ports a base URL may have.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use http::{Uri, uri::Scheme};

/// Whether `uri` is plain http, and its canonical `host[:port]`. The error is the problem.
pub(in crate::model) fn checked_authority(uri: &Uri) -> Result<(bool, String), &'static str> {
    let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return Err("must start with https://");
    };
    let plaintext = *scheme == Scheme::HTTP;
    if !plaintext && *scheme != Scheme::HTTPS {
        return Err("has a scheme other than https; it must start with https://");
    }
    let authority = authority.as_str().to_ascii_lowercase();
    let authority = canonical_authority(&authority)?;
    if plaintext && host_of(&authority).ends_with('.') {
        return Err("has a dot at the end of its host; over plain http, remove it");
    }
    Ok((plaintext, authority.into_owned()))
}

/// Checks `host[:port]`, which must be in lower case, and writes an IPv6 address in its canonical form
/// (RFC 5952). The error is the problem.
fn canonical_authority(authority: &str) -> Result<Cow<'_, str>, &'static str> {
    if authority.contains('@') {
        return Err("has a user name or a password before the host; remove all from // to @");
    }
    let host = host_of(authority);
    if host.is_empty() {
        return Err("has no host; expected https://HOST[:PORT]");
    }
    let ipv6 = ipv6_of(host);
    if ipv6.is_none() && !is_ipv4_or_name(host) {
        return Err("has a host that is neither a DNS name nor an IP address");
    }
    // Libraries write it in two ways, and only some judge whether it is loopback by the IPv4 address.
    if ipv6.is_some_and(|ip| ip.to_ipv4_mapped().is_some()) {
        return Err("has an IPv4-mapped IPv6 address; write the IPv4 address");
    }
    let port = &authority[host.len()..];
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return Err("has a port that is not a number from 1 to 65535");
    }
    Ok(ipv6.map_or(authority.into(), |ip| format!("[{ip}]{port}").into()))
}

/// Whether `host[:port]` names this machine.
pub(super) fn is_loopback(authority: &str) -> bool {
    is_loopback_host(host_of(authority))
}

/// Whether the host of a URL is this machine: `localhost`, 127.0.0.0/8 or `[::1]`, also as an IPv4-mapped
/// address.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let ip = ipv6_of(host).map(IpAddr::V6).or_else(|| host.parse().ok());
    localhost_addresses(host).is_some() || ip.is_some_and(|ip| ip.to_canonical().is_loopback())
}

/// The addresses of the name `localhost`, with or without a dot at its end: `::1` and 127.0.0.1. `None` for
/// any other host.
///
/// A transport connects `localhost` to these and asks no resolver, which could name another machine (RFC
/// 6761 section 6.3).
#[must_use]
pub fn localhost_addresses(host: &str) -> Option<[IpAddr; 2]> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let addresses = [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
    name.eq_ignore_ascii_case("localhost").then_some(addresses)
}

/// The host of `host[:port]`, with the brackets of an IPv6 address.
pub(in crate::model) fn host_of(authority: &str) -> &str {
    match authority.find(']') {
        Some(bracket) => &authority[..=bracket],
        None => authority.split(':').next().unwrap_or_default(),
    }
}

pub(in crate::model) fn ipv6_of(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// Does not check the Punycode of an `xn--` label; the resolver does.
fn is_ipv4_or_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    // URL parsers read a host whose last label is a number as an IPv4 address, in notations that other
    // libraries do not know.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    name.len() <= 253 && name.split('.').all(is_label) && (!is_number || host.parse::<Ipv4Addr>().is_ok())
}

pub(in crate::model) fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

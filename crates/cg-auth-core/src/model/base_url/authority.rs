//! Which hosts and ports a base URL may have.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Checks `host[:port]`, which must be in lower case. The error is the problem.
pub(super) fn check_authority(authority: &str) -> Result<(), &'static str> {
    if authority.contains('@') {
        return Err("has a user name or a password before the host; remove all from // to @");
    }
    let host = host_of(authority);
    if host.is_empty() {
        return Err("has no host; expected https://HOST[:PORT][/PREFIX]");
    }
    if !is_ipv6(host) && !is_ipv4_or_name(host) {
        return Err("has a host that is neither a DNS name nor an IP address");
    }
    match authority[host.len()..].strip_prefix(':') {
        None => Ok(()),
        Some(port) if is_port(port) => Ok(()),
        Some(_) => Err("has a port that is not a number from 1 to 65535"),
    }
}

/// Whether `host[:port]` names this machine.
pub(super) fn is_loopback(authority: &str) -> bool {
    is_loopback_host(host_of(authority))
}

/// Whether the host of a URL is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let ipv6 = host.trim_start_matches('[').trim_end_matches(']').parse::<Ipv6Addr>();
    host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || ipv6.is_ok_and(|ip| ip.is_loopback())
}

/// The host of `host[:port]`, with the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    match authority.find(']') {
        Some(bracket) => &authority[..=bracket],
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_ipv6(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok())
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

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

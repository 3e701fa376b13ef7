//! [`addresses`]: the addresses of a host.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
};

use cg_auth_core::model::localhost_addresses;
use http::{Uri, uri::Scheme};

use super::deadline::Deadline;
use crate::cancellation::{BlockedOn, Cancellation};

/// The addresses of the host of `uri`, at least one. The platform's resolver is not asked for `localhost`.
///
/// # Errors
/// [`LookUpError`]: the host has no address, or none was found in time.
pub(super) fn addresses(
    uri: &Uri,
    deadline: Deadline,
    cancellation: &Cancellation,
) -> Result<Vec<SocketAddr>, LookUpError> {
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().unwrap_or(if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 });
    if let Some(addresses) = localhost_addresses(host) {
        return Ok(addresses.map(|ip| (ip, port).into()).to_vec());
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(vec![(ip, port).into()]);
    }
    let found = resolve(host.to_owned(), port, deadline, cancellation).map_err(LookUpError::Undone)?;
    let found = found.map_err(LookUpError::NotFound)?;
    if found.is_empty() {
        return Err(LookUpError::NotFound(io::Error::other("the name has no address")));
    }
    Ok(found)
}

/// Why there is no address.
#[derive(Debug)]
pub(super) enum LookUpError {
    /// The resolver knows none.
    NotFound(io::Error),
    /// The look-up took too long, was cancelled, or got no thread.
    Undone(io::Error),
}

/// Asks the platform's resolver on a thread of its own, because no call interrupts a look-up. The thread may
/// outlive the exchange until the resolver returns.
fn resolve(
    host: String,
    port: u16,
    deadline: Deadline,
    cancellation: &Cancellation,
) -> io::Result<io::Result<Vec<SocketAddr>>> {
    let (found, finds) = channel();
    cancellation.before(BlockedOn::LookUp(found.clone()))?;
    thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
        let addresses = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
        // The exchange may have ended.
        let _ = found.send(Some(addresses));
    })?;
    match finds.recv_timeout(deadline.left()?) {
        Ok(Some(addresses)) => Ok(addresses),
        Ok(None) | Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the call was given up")),
        Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// The name of the threads.
const THREAD: &str = "cg-auth-look-up";

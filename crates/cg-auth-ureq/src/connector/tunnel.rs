//! [`open`]: asks a proxy for a tunnel (RFC 9110 section 9.3.6).

use std::io::{self, Read, Write};

use cg_auth_core::transport::TransportError;
use cg_auth_transport_util::{
    Proxy,
    failure::{Hop, Route, login_refused, not_a_proxy, tunnel_refused, unconnected},
};
use http::Uri;

use super::stream::Stream;

/// Opens a tunnel to `service` through `stream`, which leads to `proxy`.
///
/// # Errors
/// [`TransportError`]: the proxy refuses, does not speak HTTP, or ends the connection.
pub(super) fn open(
    stream: &mut Box<dyn Stream>,
    service: &Uri,
    proxy: &Proxy,
    route: &Route<'_>,
) -> Result<(), TransportError> {
    let host = service.host().unwrap_or_default();
    let target = format!("{host}:{}", service.port_u16().unwrap_or(443));
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n").into_bytes();
    if let Some(authorization) = proxy.authorization() {
        request.extend([b"proxy-authorization: ", authorization.as_bytes(), b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    let answer = stream.write_all(&request).and_then(|()| stream.flush()).and_then(|()| read_head(stream));
    let head = match answer {
        Ok(Some(head)) => head,
        Ok(None) => return Err(not_a_proxy(io::Error::other("its answer is not HTTP"), route)),
        Err(error) => return Err(unconnected(error, Hop::Proxy, route)),
    };
    match status(&head) {
        Some([b'2', ..]) => Ok(()),
        Some(b"407") => Err(login_refused(io::Error::other("407"), route)),
        Some(status) => {
            let status = String::from_utf8_lossy(status).into_owned();
            Err(tunnel_refused(io::Error::other(format!("its answer has the status {status}")), route))
        }
        None => Err(not_a_proxy(io::Error::other("its answer is not HTTP"), route)),
    }
}

/// The head of the answer, with its empty line; `None` if it is too long or incomplete. It reads no byte after
/// the head, which would belong to the tunnel.
fn read_head(stream: &mut Box<dyn Stream>) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() == LONGEST_HEAD || stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.extend(byte);
    }
    Ok(Some(head))
}

/// The three digits of the status; `None` if `head` is not one of HTTP/1.
fn status(head: &[u8]) -> Option<&[u8; 3]> {
    let after_version = head.strip_prefix(b"HTTP/1.1 ").or_else(|| head.strip_prefix(b"HTTP/1.0 "))?;
    let (status, rest) = after_version.split_first_chunk::<3>()?;
    let is_status =
        status.iter().all(u8::is_ascii_digit) && matches!(rest.first(), Some(b' ' | b'\r' | b'\n'));
    is_status.then_some(status)
}

/// The limit of hyper-util.
const LONGEST_HEAD: usize = 8 * 1024;

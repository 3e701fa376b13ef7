//! [`RawClient`]: a client that reports what it receives and how the connection ends, for tests of faults.

use std::{
    fmt::Write as _,
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use cg_auth_core::time::Now;
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

use super::raw_http2;
use crate::Emulator;

/// One request on a connection of its own.
pub(crate) struct RawClient {
    stream: Box<dyn ReadWrite>,
    tcp: TcpStream,
    received: Vec<u8>,
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// FIN, and `close_notify` before it with TLS.
    Closed,
    /// FIN without the `close_notify` of TLS.
    Cut,
    /// RST.
    Reset,
    /// It is still open.
    Open,
}

impl RawClient {
    /// Connects to the emulator, with TLS if it has TLS, and sends `request`.
    pub(crate) fn send(emulator: &Emulator, is_http2: bool, request: &[u8]) -> Self {
        let tcp = TcpStream::connect(emulator.address()).unwrap();
        let socket = tcp.try_clone().unwrap();
        let mut stream: Box<dyn ReadWrite> = match emulator.ca_pem() {
            None => Box::new(socket),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
                let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
                let config = config.with_safe_default_protocol_versions().unwrap();
                let mut config = config.with_root_certificates(roots).with_no_client_auth();
                config.alpn_protocols = vec![if is_http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
                let name = ServerName::try_from("localhost").unwrap();
                Box::new(StreamOwned::new(ClientConnection::new(config.into(), name).unwrap(), socket))
            }
        };
        stream.write_all(request).unwrap();
        stream.flush().unwrap();
        Self { stream, tcp, received: Vec::new() }
    }

    /// `GET /x`, whose answer from the service is a 404.
    pub(crate) fn get(emulator: &Emulator, is_http2: bool) -> Self {
        let request = if is_http2 {
            [raw_http2::preface(65_535), raw_http2::request(false)].concat()
        } else {
            b"GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()
        };
        Self::send(emulator, is_http2, &request)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
        self.stream.flush().unwrap();
    }

    /// Reads until the connection ends.
    pub(crate) fn read_to_end(&mut self) -> Ended {
        self.read_until(LONG, |_| false)
    }

    /// Reads until `is_complete`, and then for a moment longer.
    pub(crate) fn read_and_linger(&mut self, is_complete: impl Fn(&[u8]) -> bool) -> Ended {
        match self.read_until(LONG, is_complete) {
            Ended::Open => self.read_until(Duration::from_millis(150), |_| false),
            ended => ended,
        }
    }

    pub(crate) fn received(&self) -> &[u8] {
        &self.received
    }

    fn read_until(&mut self, within: Duration, is_complete: impl Fn(&[u8]) -> bool) -> Ended {
        let start = Now::system();
        let mut buffer = vec![0; 65_536];
        self.tcp.set_read_timeout(Some(within.min(Duration::from_millis(50)))).unwrap();
        while Now::system().saturating_since(start) < within {
            if is_complete(&self.received) {
                return Ended::Open;
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ended::Closed,
                Ok(count) => self.received.extend(&buffer[..count]),
                Err(error) => match error.kind() {
                    ErrorKind::UnexpectedEof => return Ended::Cut,
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return reset(&error),
                },
            }
        }
        Ended::Open
    }
}

fn reset(error: &io::Error) -> Ended {
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    Ended::Reset
}

/// What an HTTP/1.1 client received, in short: `200 whole`, `200 part 10`, `200 surplus 5`, `head 20`, `raw
/// 24`. Interim answers are counted.
pub(crate) fn summary_of_http1(received: &[u8]) -> String {
    let (mut rest, mut interim) = (received, 0);
    while rest.starts_with(b"HTTP/1.1 103 ") {
        let end = find(rest, b"\r\n\r\n").unwrap();
        (rest, interim) = (&rest[end + 4..], interim + 1);
    }
    let mut summary = if interim > 0 { format!("{interim} x 103, ") } else { String::new() };
    let status = rest
        .strip_prefix(b"HTTP/1.1 ")
        .and_then(|it| std::str::from_utf8(it.get(..4)?).ok()?.trim_end().parse::<u16>().ok());
    let (Some(status), Some(end)) = (status.filter(|it| *it > 101), find(rest, b"\r\n\r\n")) else {
        match rest.len() {
            0 => {}
            length if !b"HTTP/1.1 200 OK\r\n".starts_with(&rest[..length.min(17)]) => {
                write!(summary, "raw {length}").unwrap();
            }
            length if length > 10_000 => summary.push_str("endless"),
            length => write!(summary, "head {length}").unwrap(),
        }
        return summary;
    };
    let head = String::from_utf8_lossy(&rest[..end]).to_ascii_lowercase();
    let announced =
        head.split_once("content-length: ").map_or(0, |(_, it)| it.lines().next().unwrap().parse().unwrap());
    let length = rest.len() - end - 4;
    write!(summary, "{status} ").unwrap();
    match length.cmp(&announced) {
        std::cmp::Ordering::Equal => summary.push_str("whole"),
        std::cmp::Ordering::Less => write!(summary, "part {length}").unwrap(),
        std::cmp::Ordering::Greater => write!(summary, "surplus {}", length - announced).unwrap(),
    }
    summary
}

/// The frames that an HTTP/2 client received, in short: `HEADERS DATA+`, `HEADERS DATA 10 RST 2`, `raw 24`.
/// A `+` marks the end of the stream. Frames of the connection's housekeeping are left out.
pub(crate) fn summary_of_http2(received: &[u8]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let (mut rest, mut data, mut headers) = (received, 0, 0);
    while let [a, b, c, kind, flags, s, ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if *kind > 9 || *s > 0x7F || length > 16_384 {
            parts.push(format!("raw {}", rest.len()));
            rest = &[];
            break;
        }
        let Some(payload) = rest.get(9..9 + length) else {
            parts.push(format!("cut {}", rest.len()));
            rest = &[];
            break;
        };
        let number = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        let plus = if *kind <= 1 && flags & 1 == 1 { "+" } else { "" };
        match kind {
            0 if plus.is_empty() => data += length,
            0 => {
                data = 0;
                parts.push("DATA+".to_owned());
            }
            1 => headers += 1,
            3 => parts.push(format!("RST {}", number(0))),
            7 => {
                parts.push(format!("GOAWAY {} after {}", number(4), number(0)));
                let debug_data = String::from_utf8_lossy(&payload[8..]);
                parts.extend((!debug_data.is_empty()).then(|| debug_data.into_owned()));
            }
            9 => headers += 1,
            _ => {}
        }
        rest = &rest[9 + length..];
        let next = rest.get(3).copied();
        if headers > 0 && !matches!(next, Some(1 | 9)) {
            parts.push(match headers {
                1 => format!("HEADERS{plus}"),
                2..1000 => format!("{headers} x HEADERS{plus}"),
                _ => "endless".to_owned(),
            });
            headers = 0;
        }
        if data > 0 && next != Some(0) {
            parts.push(format!("DATA {data}"));
            data = 0;
        }
    }
    if !rest.is_empty() {
        parts.push(format!("raw {}", rest.len()));
    }
    parts.join(" ")
}

/// [`summary_of_http2`] of one stream.
pub(crate) fn summary_of_stream(received: &[u8], stream: u32) -> String {
    summary_of_http2(&raw_http2::frames_of(received, stream))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

const LONG: Duration = Duration::from_secs(60);

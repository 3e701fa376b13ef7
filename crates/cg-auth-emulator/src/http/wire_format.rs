//! [`WireFormat`]: an answer as the bytes of HTTP/1.1 or as the frames of an HTTP/2 stream.
//!
//! The HTTP library writes only right answers. The bytes of a wrong one come from here.

use bytes::Bytes;
use http::{Response, StatusCode, header};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireFormat {
    Http1,
    Http2 { stream: u32 },
}

/// What an answer's head says besides its status and headers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Framing {
    /// The announced length of the body.
    pub(super) length: Option<u64>,
    /// Whether HTTP/1.1 announces the end of the connection.
    pub(super) closes: bool,
    /// Whether the HTTP/2 stream ends with the head.
    pub(super) ends: bool,
}

impl WireFormat {
    pub(super) fn head(self, answer: &Response<Bytes>, framing: Framing) -> Vec<u8> {
        let length = framing.length.map(|length| length.to_string());
        let own = [(header::CONTENT_LENGTH, length.as_deref())];
        let own = own.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?.as_bytes())));
        let theirs = answer.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        match self {
            Self::Http1 => {
                let mut head = status_line(answer.status());
                let close = framing.closes.then_some(("connection", &b"close"[..]));
                for (name, value) in theirs.chain(own).chain(close) {
                    head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
                }
                head.extend(b"\r\n");
                head
            }
            Self::Http2 { stream } => {
                let mut block = status_field(answer.status());
                for (name, value) in theirs.chain(own) {
                    block.extend(field(name.as_bytes(), value));
                }
                header_frames(stream, &block, framing.ends)
            }
        }
    }

    /// An interim answer.
    pub(super) fn interim(self, status: StatusCode) -> Vec<u8> {
        match self {
            Self::Http1 => [status_line(status), b"\r\n".to_vec()].concat(),
            Self::Http2 { stream } => header_frames(stream, &status_field(status), false),
        }
    }

    /// A part of the body, and whether it is the last one.
    pub(super) fn body(self, part: &[u8], ends: bool) -> Vec<u8> {
        let Self::Http2 { stream } = self else { return part.to_vec() };
        if part.is_empty() {
            return if ends { frame(DATA, END_STREAM, stream, &[]) } else { Vec::new() };
        }
        let last = part.len().div_ceil(FRAME_LIMIT) - 1;
        let frames = part.chunks(FRAME_LIMIT).enumerate();
        frames
            .flat_map(|(n, part)| frame(DATA, if ends && n == last { END_STREAM } else { 0 }, stream, part))
            .collect()
    }

    /// The start of a head that never ends, and a piece that continues it.
    pub(super) fn endless_head(self) -> (Vec<u8>, Vec<u8>) {
        let filler = [b'a'; 1000];
        match self {
            Self::Http1 => (status_line(StatusCode::OK), [b"x-filler: ", &filler[..], b"\r\n"].concat()),
            Self::Http2 { stream } => {
                let start = frame(HEADERS, 0, stream, &status_field(StatusCode::OK));
                (start, frame(CONTINUATION, 0, stream, &field(b"x-filler", &filler)))
            }
        }
    }
}

/// `GOAWAY` (RFC 9113 section 6.8).
pub(super) fn goaway(last_stream: u32, code: u32, debug_data: &[u8]) -> Vec<u8> {
    let debug_data = &debug_data[..debug_data.len().min(FRAME_LIMIT - 8)];
    frame(GOAWAY, 0, 0, &[&last_stream.to_be_bytes()[..], &code.to_be_bytes(), debug_data].concat())
}

/// `RST_STREAM` (RFC 9113 section 6.4).
pub(super) fn rst_stream(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

fn status_line(status: StatusCode) -> Vec<u8> {
    let reason = status.canonical_reason().unwrap_or_default();
    format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).into_bytes()
}

/// The pseudo-header `:status`, whose name stands at index 8 of the static table of HPACK.
fn status_field(status: StatusCode) -> Vec<u8> {
    [&[8][..], &string(status.as_str().as_bytes())].concat()
}

/// A field that never enters the table of HPACK, which belongs to the HTTP library.
fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[0x10][..], &string(name), &string(value)].concat()
}

/// A string without Huffman coding (RFC 7541 section 5.2).
fn string(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 4);
    match u8::try_from(text.len()) {
        Ok(length @ 0..127) => bytes.push(length),
        _ => {
            bytes.push(127);
            let mut rest = text.len() - 127;
            while rest >= 128 {
                bytes.push(128 | low_bits(rest));
                rest >>= 7;
            }
            bytes.push(low_bits(rest));
        }
    }
    bytes.extend(text);
    bytes
}

fn low_bits(number: usize) -> u8 {
    u8::try_from(number & 127).unwrap_or_default()
}

fn header_frames(stream: u32, block: &[u8], ends: bool) -> Vec<u8> {
    let mut parts = block.chunks(FRAME_LIMIT).peekable();
    let (mut bytes, mut kind, mut flags) = (Vec::new(), HEADERS, if ends { END_STREAM } else { 0 });
    while let Some(part) = parts.next() {
        let end = if parts.peek().is_none() { END_HEADERS } else { 0 };
        bytes.extend(frame(kind, flags | end, stream, part));
        (kind, flags) = (CONTINUATION, 0);
    }
    bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The type of `RST_STREAM`.
pub(super) const RST_STREAM: u8 = 3;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// What every peer accepts as the payload of one frame.
const FRAME_LIMIT: usize = 16_384;

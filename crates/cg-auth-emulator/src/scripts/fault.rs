//! [`Fault`]: what is wrong with an answer below HTTP.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::StatusCode;

use super::{members::Members, script_error::ScriptError};

/// What happens to an answer below HTTP.
///
/// Before the service acts, the answer that a fault disturbs is a stand-in of status 200 with
/// `isSuccess: false`; after, it is the service's own (see [`When`](crate::When)). With an answer or a refusal
/// in the script it is that one.
///
/// Over HTTP/1.1 a fault ends the connection. Over HTTP/2 the other streams go on, except where the
/// connection's end or broken frames are the fault.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Sends the answer up to a point and ends the connection there.
    End {
        /// Where the connection ends.
        at: Point,
        /// How it ends.
        how: ConnectionEnd,
    },
    /// Sends the answer up to a point and then nothing more. The connection stays open until the peer closes
    /// it, at most ten minutes. At [`Point::Start`] the service never answers.
    Stall {
        /// Where the answer stops.
        at: Point,
    },
    /// Announces more bytes of body than it sends. HTTP/1.1 closes the connection, HTTP/2 ends the stream.
    Truncate {
        /// How many bytes are missing, at least one.
        missing: u64,
    },
    /// Announces fewer bytes of body than it sends.
    Overlong {
        /// How many bytes are surplus, at least one; at most the whole body.
        surplus: u64,
    },
    /// Sends a part of the answer slowly, with a pause after each piece, and closes the connection after the
    /// answer.
    Drip {
        /// The part that is slow.
        part: AnswerPart,
        /// The length of a piece, at least one.
        bytes: usize,
        /// The pause, in real time.
        pause: Duration,
    },
    /// Sends bytes that belong to no answer after a whole one, on a connection that stays open.
    ExtraBytes(Bytes),
    /// Sends bytes instead of an answer, such as a garbage status line, and closes the connection.
    Instead(Bytes),
    /// Sends header fields without end, then closes the connection. Over HTTP/2 these are continuation frames.
    EndlessHeaders {
        /// After how many bytes the fault ends, if the peer has not closed the connection before.
        limit: u64,
    },
    /// Sends interim answers before the answer.
    Informational {
        /// Their status, from 100 to 199 but not 101.
        status: u16,
        /// Their number.
        count: u32,
    },
    /// Sends `GOAWAY` and closes the connection. HTTP/1.1 has no such frame and only closes the connection.
    GoAway {
        /// The error code (RFC 9113 section 7).
        code: u32,
        /// The last stream that the service says it processed. `None` is this request's stream if it is
        /// answered, and else the one before.
        last_stream_id: Option<u32>,
        /// The additional debug data.
        debug_data: Bytes,
        /// Whether the answer follows before the connection closes.
        answered: bool,
    },
    /// Sends `RST_STREAM`. HTTP/1.1 has no such frame and resets the connection.
    ResetStream {
        /// The error code (RFC 9113 section 7).
        code: u32,
        /// After how many bytes of body. `None` stands for no answer at all.
        after_body_bytes: Option<usize>,
    },
}

/// A point of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Point {
    /// Before the first byte.
    Start,
    /// After this many bytes of the head; at least its last byte is missing. Over HTTP/2 the bytes of its
    /// frame count.
    Head(usize),
    /// After the head and this many bytes of the body; at least its last byte is missing.
    Body(usize),
    /// After the last byte.
    Complete,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionEnd {
    /// TCP FIN, and TLS `close_notify` before it.
    Close,
    /// TCP FIN without the `close_notify` of TLS. An emulator without TLS refuses the script.
    WithoutNotice,
    /// TCP RST.
    Reset,
}

/// A part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerPart {
    /// The status line and the headers.
    Head,
    /// The body.
    Body,
}

impl Fault {
    /// The connection is closed without an answer.
    pub(crate) const DROP: Self = Self::End { at: Point::Start, how: ConnectionEnd::Close };

    /// The name of the kind, as a script's JSON writes it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::End { .. } => "end",
            Self::Stall { .. } => "stall",
            Self::Truncate { .. } => "truncate",
            Self::Overlong { .. } => "overlong",
            Self::Drip { .. } => "drip",
            Self::ExtraBytes(_) => "extra_bytes",
            Self::Instead(_) => "instead",
            Self::EndlessHeaders { .. } => "endless_headers",
            Self::Informational { .. } => "informational",
            Self::GoAway { .. } => "goaway",
            Self::ResetStream { .. } => "rst_stream",
        }
    }

    /// Whether the peer receives the status of the answer.
    pub(crate) const fn sends_status(&self) -> bool {
        match self {
            Self::End { at, .. } | Self::Stall { at } => matches!(at, Point::Body(_) | Point::Complete),
            Self::Instead(_) | Self::EndlessHeaders { .. } => false,
            Self::GoAway { answered, .. } => *answered,
            Self::ResetStream { after_body_bytes, .. } => after_body_bytes.is_some(),
            _ => true,
        }
    }

    /// Refuses what can never happen: values out of range, and faults of a protocol that is not `offered`.
    pub(super) fn check(&self, offered: Offered) -> Result<(), ScriptError> {
        let problem = match self {
            Self::End { how: ConnectionEnd::WithoutNotice, .. } if !offered.tls => {
                "`without_notice` is about TLS, and the emulator serves without TLS"
            }
            Self::GoAway { .. } | Self::ResetStream { .. } if !offered.http2 => {
                "`goaway` and `rst_stream` are frames of HTTP/2, and the emulator offers HTTP/1.1 only"
            }
            Self::Stall { at: Point::Complete } => "a stall after the whole answer disturbs nothing",
            Self::Truncate { missing: 0 } => "`truncate` must leave out at least one byte",
            Self::Overlong { surplus: 0 } => "`overlong` must send at least one byte too many",
            Self::Drip { bytes: 0, .. } => "`drip` must send at least one byte at a time",
            Self::ExtraBytes(bytes) if bytes.is_empty() => "`extra_bytes` must hold at least one byte",
            Self::Informational { status, .. } if !is_interim(*status) => {
                "an interim status is from 100 to 199, and not 101"
            }
            _ => return Ok(()),
        };
        Err(ScriptError::contradiction(problem))
    }

    /// Reads the `fault` of a script's JSON.
    pub(super) fn read(mut fault: Members) -> Result<Self, ScriptError> {
        let kind = fault.choice("kind", KINDS)?;
        let kind = kind.ok_or_else(|| fault.missing("kind", "a kind, unless `fault` is a name"))?;
        let read = match kind {
            Kind::End => Self::End {
                at: point(&mut fault)?,
                how: fault.choice("how", ENDS)?.unwrap_or(ConnectionEnd::Close),
            },
            Kind::Stall => Self::Stall { at: point(&mut fault)? },
            Kind::Truncate => Self::Truncate { missing: fault.whole("bytes", 1..=MANY)?.unwrap_or(1) },
            Kind::Overlong => Self::Overlong { surplus: fault.whole("bytes", 1..=MANY)?.unwrap_or(1) },
            Kind::Drip => Self::Drip {
                part: fault.choice("part", PARTS)?.unwrap_or(AnswerPart::Body),
                bytes: length(&mut fault, 1)?.unwrap_or(1),
                pause: fault.seconds("interval_seconds")?.unwrap_or(Duration::from_millis(100)),
            },
            Kind::ExtraBytes => Self::ExtraBytes(bytes(&mut fault)?),
            Kind::Instead => Self::Instead(bytes(&mut fault)?),
            Kind::EndlessHeaders => {
                Self::EndlessHeaders { limit: fault.whole("limit_bytes", 1..=MANY)?.unwrap_or(ENDLESS) }
            }
            Kind::Informational => {
                let status = fault.whole("status", 100..=199)?.unwrap_or(103);
                let count = fault.whole("count", 0..=10_000_000)?.unwrap_or(1);
                Self::Informational { status: narrowed(status), count: narrowed(count) }
            }
            Kind::GoAway => Self::GoAway {
                code: code(&mut fault)?,
                last_stream_id: fault.whole("last_stream_id", 0..=0x7FFF_FFFF)?.map(narrowed),
                debug_data: fault.text("debug_data")?.unwrap_or_default().into(),
                answered: fault.flag("answered")?.unwrap_or(false),
            },
            Kind::ResetStream => {
                Self::ResetStream { code: code(&mut fault)?, after_body_bytes: length(&mut fault, 0)? }
            }
        };
        fault.done()?;
        Ok(read)
    }
}

/// `Debug` shows how many bytes a fault sends, and not which.
impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::End { at, how } => write!(f, "{kind}({at:?}, {how:?})"),
            Self::Stall { at } => write!(f, "{kind}({at:?})"),
            Self::Truncate { missing: bytes } | Self::Overlong { surplus: bytes } => {
                write!(f, "{kind}({bytes} bytes)")
            }
            Self::Drip { part, bytes, pause } => write!(f, "{kind}({part:?}, {bytes} bytes, {pause:?})"),
            Self::ExtraBytes(bytes) | Self::Instead(bytes) => write!(f, "{kind}({} bytes)", bytes.len()),
            Self::EndlessHeaders { limit } => write!(f, "{kind}({limit} bytes)"),
            Self::Informational { status, count } => write!(f, "{kind}({count} x {status})"),
            Self::GoAway { code, .. } | Self::ResetStream { code, .. } => write!(f, "{kind}({code})"),
        }
    }
}

/// The protocols that an emulator can speak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offered {
    pub(crate) tls: bool,
    pub(crate) http2: bool,
}

impl Default for Offered {
    fn default() -> Self {
        Self { tls: false, http2: true }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    End,
    Stall,
    Truncate,
    Overlong,
    Drip,
    ExtraBytes,
    Instead,
    EndlessHeaders,
    Informational,
    GoAway,
    ResetStream,
}

#[derive(Clone, Copy)]
enum Place {
    Start,
    Head,
    Body,
    Complete,
}

fn point(fault: &mut Members) -> Result<Point, ScriptError> {
    let bytes = length(fault, 0)?;
    let at = fault.choice("at", PLACES)?.unwrap_or(Place::Start);
    match (at, bytes) {
        (Place::Start, None) => Ok(Point::Start),
        (Place::Complete, None) => Ok(Point::Complete),
        (Place::Head, bytes) => Ok(Point::Head(bytes.unwrap_or(20))),
        (Place::Body, bytes) => Ok(Point::Body(bytes.unwrap_or(10))),
        (_, Some(_)) => Err(fault.unusable("bytes", "counts only where `at` is head or body")),
    }
}

fn length(fault: &mut Members, least: u64) -> Result<Option<usize>, ScriptError> {
    Ok(fault.whole("bytes", least..=MANY)?.map(narrowed))
}

fn bytes(fault: &mut Members) -> Result<Bytes, ScriptError> {
    let bytes = fault.bytes("text", "base64")?;
    bytes.map(Bytes::from).ok_or_else(|| fault.missing("text", "a string, or `base64` holds the bytes"))
}

fn code(fault: &mut Members) -> Result<u32, ScriptError> {
    Ok(fault.whole("code", 0..=u64::from(u32::MAX))?.map_or(0, narrowed))
}

/// A number that a range check has made small enough.
fn narrowed<T: TryFrom<u64> + Default>(number: u64) -> T {
    T::try_from(number).unwrap_or_default()
}

fn is_interim(status: u16) -> bool {
    StatusCode::from_u16(status)
        .is_ok_and(|status| status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS)
}

const KINDS: &[(&str, Kind)] = &[
    ("end", Kind::End),
    ("stall", Kind::Stall),
    ("truncate", Kind::Truncate),
    ("overlong", Kind::Overlong),
    ("drip", Kind::Drip),
    ("extra_bytes", Kind::ExtraBytes),
    ("instead", Kind::Instead),
    ("endless_headers", Kind::EndlessHeaders),
    ("informational", Kind::Informational),
    ("goaway", Kind::GoAway),
    ("rst_stream", Kind::ResetStream),
];
const PLACES: &[(&str, Place)] =
    &[("start", Place::Start), ("head", Place::Head), ("body", Place::Body), ("complete", Place::Complete)];
const ENDS: &[(&str, ConnectionEnd)] = &[
    ("close", ConnectionEnd::Close),
    ("without_notice", ConnectionEnd::WithoutNotice),
    ("reset", ConnectionEnd::Reset),
];
const PARTS: &[(&str, AnswerPart)] = &[("head", AnswerPart::Head), ("body", AnswerPart::Body)];
/// The most bytes that a fault counts: 1 GiB.
const MANY: u64 = 1 << 30;
/// Where endless headers end by default: 16 MiB.
const ENDLESS: u64 = 16 << 20;

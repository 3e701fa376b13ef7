//! [`Fault`]: what is wrong with an answer below HTTP.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::StatusCode;

use super::{fault_kind::FaultKind, script_error::ScriptError};
use crate::names::named;

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

named!(pub ConnectionEnd: Close = "close", WithoutNotice = "without_notice", Reset = "reset");

/// A part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerPart {
    /// The status line and the headers.
    Head,
    /// The body.
    Body,
}

named!(pub AnswerPart: Head = "head", Body = "body");

impl Fault {
    /// The connection is closed without an answer.
    pub(crate) const DROP: Self = Self::End { at: Point::Start, how: ConnectionEnd::Close };

    /// The name of the kind, as a script's JSON writes it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        let kind = match self {
            Self::End { .. } => FaultKind::End,
            Self::Stall { .. } => FaultKind::Stall,
            Self::Truncate { .. } => FaultKind::Truncate,
            Self::Overlong { .. } => FaultKind::Overlong,
            Self::Drip { .. } => FaultKind::Drip,
            Self::ExtraBytes(_) => FaultKind::ExtraBytes,
            Self::Instead(_) => FaultKind::Instead,
            Self::EndlessHeaders { .. } => FaultKind::EndlessHeaders,
            Self::Informational { .. } => FaultKind::Informational,
            Self::GoAway { .. } => FaultKind::GoAway,
            Self::ResetStream { .. } => FaultKind::ResetStream,
        };
        kind.as_str()
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

    /// Whether the peer receives nothing of the answer, so that it does not matter which one it is.
    pub(super) const fn hides_answer(&self) -> bool {
        match self {
            Self::End { at, .. } | Self::Stall { at } => matches!(at, Point::Start),
            Self::Instead(_) | Self::EndlessHeaders { .. } => true,
            Self::GoAway { answered, .. } => !*answered,
            Self::ResetStream { after_body_bytes, .. } => after_body_bytes.is_none(),
            _ => false,
        }
    }

    /// Whether the fault disturbs the body, so that it has no effect on an answer without one.
    pub(super) const fn disturbs_body(&self) -> bool {
        match self {
            Self::End { at, .. } | Self::Stall { at } => matches!(at, Point::Body(_)),
            Self::Overlong { .. } | Self::Drip { part: AnswerPart::Body, .. } => true,
            _ => false,
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
            Self::Informational { status, .. } if !Self::is_interim(*status) => {
                "an interim status is from 100 to 199, and not 101"
            }
            Self::Informational { count: 0, .. } => "`informational` must send at least one interim answer",
            Self::Instead(bytes) if bytes.is_empty() => "`instead` must hold at least one byte",
            Self::EndlessHeaders { limit: 0 } => "`endless_headers` must send at least one byte",
            _ => return Ok(()),
        };
        Err(ScriptError::contradiction(problem))
    }

    /// Whether the status can stand before the answer: from 100 to 199, and not 101.
    pub(super) fn is_interim(status: u16) -> bool {
        StatusCode::from_u16(status)
            .is_ok_and(|status| status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS)
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

//! [`Disturbance`]: an answer and its fault, and the [`Plan`] of the bytes that they make.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::wire_format::{Framing, WireFormat, goaway, rst_stream};
use crate::scripts::{AnswerPart, ConnectionEnd, Fault, Point};

/// An answer that a fault disturbs.
#[derive(Debug)]
pub(super) struct Disturbance {
    pub(super) fault: Fault,
    /// The answer, without a body where HTTP allows none.
    pub(super) answer: Response<Bytes>,
}

/// The bytes that the peer receives instead of the library's answer.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) end: End,
}

#[derive(Debug)]
pub(super) enum Step {
    Write(Bytes),
    /// Writes each piece and pauses after it.
    Slowly(Vec<Bytes>, Duration),
    Repeat(Bytes, u64),
}

/// What becomes of the connection after the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The library goes on. This is for HTTP/2 with at most one step, a [`Step::Write`].
    Continue,
    /// The library goes on, and the peer is not counted as silent while it waits.
    ContinueWaiting,
    /// The connection stays open until the peer closes it.
    Hold,
    Connection(ConnectionEnd),
}

impl Disturbance {
    pub(super) fn plan(&self, format: WireFormat) -> Plan {
        let is_http2 = matches!(format, WireFormat::Http2 { .. });
        let close = End::Connection(ConnectionEnd::Close);
        // After this a stream of HTTP/2 is over, and HTTP/1.1 cannot go on.
        let over = if is_http2 { End::Continue } else { close };
        match &self.fault {
            Fault::End { at, how } => Plan::write(self.up_to(*at, format), End::Connection(*how)),
            Fault::Stall { at: at @ Point::Head(_) } => Plan::write(self.up_to(*at, format), End::Hold),
            Fault::Stall { at } => {
                let end = if is_http2 { End::ContinueWaiting } else { End::Hold };
                Plan::write(self.up_to(*at, format), end)
            }
            Fault::Truncate { missing } => {
                Plan::write(self.announcing(self.length().saturating_add(*missing), format), over)
            }
            Fault::Overlong { surplus } => {
                let end = if is_http2 { End::Continue } else { End::Hold };
                Plan::write(self.announcing(self.length().saturating_sub(*surplus), format), end)
            }
            Fault::Drip { part, bytes, pause } => self.slowly(*part, *bytes, *pause, format),
            Fault::ExtraBytes(extra) => {
                Plan::write([&self.complete(false, format)[..], extra].concat(), End::Hold)
            }
            Fault::Instead(bytes) => Plan::write(bytes.clone(), close),
            Fault::EndlessHeaders { limit } => {
                let (start, piece) = format.endless_head();
                let times = limit.div_ceil(piece.len() as u64);
                Plan { steps: vec![Step::Write(start.into()), Step::Repeat(piece.into(), times)], end: close }
            }
            Fault::Informational { status, count } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::CONTINUE);
                let interim = Step::Repeat(format.interim(status).into(), u64::from(*count));
                let mut plan = Plan {
                    steps: vec![interim, Step::Write(self.complete(true, format).into())],
                    end: close,
                };
                plan.say_goodbye(format);
                plan
            }
            Fault::GoAway { code, last_stream_id, debug_data, answered } => {
                let answer = if *answered { self.complete(true, format) } else { Vec::new() };
                let WireFormat::Http2 { stream } = format else { return Plan::write(answer, close) };
                let last = if *answered { stream } else { stream.saturating_sub(2) };
                let frame = goaway(last_stream_id.unwrap_or(last), *code, debug_data);
                Plan::write([frame, answer].concat(), close)
            }
            Fault::ResetStream { code, after_body_bytes } => {
                let at = after_body_bytes.map_or(Point::Start, Point::Body);
                let sent = self.up_to(at, format);
                match format {
                    WireFormat::Http1 => Plan::write(sent, End::Connection(ConnectionEnd::Reset)),
                    WireFormat::Http2 { stream } => {
                        Plan::write([sent, rst_stream(stream, *code)].concat(), End::Continue)
                    }
                }
            }
        }
    }

    /// The answer up to a point, at which at least one byte of its part is missing.
    fn up_to(&self, at: Point, format: WireFormat) -> Vec<u8> {
        let body = self.answer.body();
        let mut head =
            self.head(self.announced(), false, body.is_empty() && !matches!(at, Point::Body(_)), format);
        match at {
            Point::Start => Vec::new(),
            Point::Head(bytes) => {
                head.truncate(bytes.min(head.len().saturating_sub(1)));
                head
            }
            Point::Body(bytes) => {
                let sent = bytes.min(body.len().saturating_sub(1));
                [head, format.body(&body[..sent], false)].concat()
            }
            Point::Complete => self.complete(false, format),
        }
    }

    /// The whole answer.
    fn complete(&self, closes: bool, format: WireFormat) -> Vec<u8> {
        let body = self.answer.body();
        let head = self.head(self.announced(), closes, body.is_empty(), format);
        let body = if body.is_empty() { Vec::new() } else { format.body(body, true) };
        [head, body].concat()
    }

    /// The whole answer, whose head announces another length than its body has.
    fn announcing(&self, length: u64, format: WireFormat) -> Vec<u8> {
        [self.head(Some(length), false, false, format), format.body(self.answer.body(), true)].concat()
    }

    fn slowly(&self, part: AnswerPart, bytes: usize, pause: Duration, format: WireFormat) -> Plan {
        let body = self.answer.body();
        let head = Bytes::from(self.head(self.announced(), true, body.is_empty(), format));
        // More pieces than this are no slower for any client, and take memory.
        let bytes = bytes.max(head.len().max(body.len()).div_ceil(MOST_PIECES)).max(1);
        let mut steps = match part {
            AnswerPart::Head => {
                let pieces = head.chunks(bytes).map(|piece| head.slice_ref(piece)).collect();
                vec![Step::Slowly(pieces, pause)]
            }
            AnswerPart::Body => vec![Step::Write(head)],
        };
        if !body.is_empty() {
            steps.push(match part {
                AnswerPart::Head => Step::Write(format.body(body, true).into()),
                AnswerPart::Body => {
                    let last = body.len().div_ceil(bytes) - 1;
                    let pieces = body.chunks(bytes).enumerate();
                    let pieces = pieces.map(|(n, piece)| format.body(piece, n == last).into()).collect();
                    Step::Slowly(pieces, pause)
                }
            });
        }
        let mut plan = Plan { steps, end: End::Connection(ConnectionEnd::Close) };
        plan.say_goodbye(format);
        plan
    }

    fn head(&self, length: Option<u64>, closes: bool, ends: bool, format: WireFormat) -> Vec<u8> {
        format.head(&self.answer, Framing { length, closes, ends })
    }

    /// The length that a right answer announces; none where HTTP allows no body.
    fn announced(&self) -> Option<u64> {
        let has_body = !matches!(self.answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        has_body.then(|| self.length())
    }

    fn length(&self) -> u64 {
        self.answer.body().len() as u64
    }
}

impl Plan {
    fn write(bytes: impl Into<Bytes>, end: End) -> Self {
        let bytes = bytes.into();
        let steps = if bytes.is_empty() { Vec::new() } else { vec![Step::Write(bytes)] };
        Self { steps, end }
    }

    /// Says that the connection ends after a right answer, as HTTP/1.1 does with a header.
    fn say_goodbye(&mut self, format: WireFormat) {
        if let WireFormat::Http2 { stream } = format {
            self.steps.push(Step::Write(goaway(stream, 0, b"").into()));
        }
    }
}

/// Into how many pieces an answer is divided at most.
const MOST_PIECES: usize = 65_536;

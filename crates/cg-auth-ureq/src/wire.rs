//! [`Wire`]: carries the bytes of one exchange between ureq and a connection, and records what happened.

mod head;

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ureq::unversioned::{
    resolver::{ResolvedSocketAddrs, Resolver},
    transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport},
};

use self::head::HeadReader;
pub(crate) use self::head::show_headers;
use crate::connector::Connection;

/// The connection of one exchange, as ureq uses it.
///
/// It writes the request as a proxy expects it, which ureq cannot. It reads the head of the answer before ureq
/// does: see [`HeadReader`].
pub(crate) struct Wire {
    connection: Option<Connection>,
    is_https: bool,
    /// The scheme and authority that a proxy needs in the first line, and where they belong.
    absolute: Option<(usize, String)>,
    head: Option<HeadReader>,
    buffers: LazyBuffers,
    readable: usize,
    record: SharedRecord,
}

/// What happened on the wire.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Whether a byte of the request may have left.
    pub(crate) has_sent: bool,
    /// Whether a byte of the answer has arrived.
    pub(crate) has_received: bool,
    /// Whether the peer ended the connection.
    pub(crate) has_ended: bool,
    /// Why the exchange failed, unless ureq says so.
    pub(crate) failure: Option<Failure>,
    /// The connection, if it may carry another request.
    pub(crate) kept: Option<Connection>,
}

/// A failure that ureq learns nothing of but that there is one.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Reading or writing failed.
    Io(io::Error),
    /// The answer breaks the rules of HTTP/1.1, or is longer than its limits.
    Malformed(&'static str),
}

/// A [`Record`] that outlives ureq's use of the wire.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedRecord(Arc<Mutex<Record>>);

impl SharedRecord {
    /// The record of an exchange that is over.
    pub(crate) fn take(&self) -> Record {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error for ureq, which must not be one of those that ureq takes for the end of a body.
    fn fail(&self, failure: Failure) -> ureq::Error {
        self.lock().failure.get_or_insert(failure);
        ureq::Error::ConnectionFailed
    }
}

impl Wire {
    /// A wire over `connection` for an answer of at most `body_limit` bytes. `longest_line` bounds the lines of
    /// the request's head.
    pub(crate) fn new(
        connection: Connection,
        is_https: bool,
        longest_line: usize,
        body_limit: usize,
        record: SharedRecord,
    ) -> Self {
        Self {
            connection: Some(connection),
            is_https,
            absolute: None,
            head: Some(HeadReader::default()),
            buffers: LazyBuffers::new(INPUT, longest_line.max(OUTPUT)),
            readable: body_limit.saturating_mul(MOST_FRAMING).saturating_add(INPUT),
            record,
        }
    }

    /// Writes `origin` into the first line of the request, after `position` bytes.
    pub(crate) fn with_absolute_target(mut self, position: usize, origin: String) -> Self {
        self.absolute = Some((position, origin));
        self
    }

    fn connection(&mut self) -> io::Result<&mut Connection> {
        self.connection.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn write(&mut self, amount: usize) -> io::Result<()> {
        let connection = self.connection.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let output = &self.buffers.output()[..amount];
        match self.absolute.take() {
            Some((position, origin)) => {
                let (method, rest) = output.split_at(position.min(amount));
                connection.write(&[method, origin.as_bytes(), rest].concat())
            }
            None => connection.write(output),
        }
    }

    /// Reads until the head is there whole, and gives it to ureq with what came after it.
    fn read_head(&mut self, mut head: HeadReader) -> Result<bool, Failure> {
        let mut piece = [0; PIECE];
        loop {
            let length = self.connection().and_then(|connection| connection.read(&mut piece));
            match length.map_err(Failure::Io)? {
                0 => return Ok(false),
                length => {
                    self.record.lock().has_received = true;
                    if head.push(&piece[..length]).map_err(Failure::Malformed)? {
                        break;
                    }
                }
            }
        }
        let bytes = head.into_bytes();
        self.buffers.input_append_buf()[..bytes.len()].copy_from_slice(&bytes);
        self.buffers.input_appended(bytes.len());
        Ok(true)
    }

    fn read_body(&mut self) -> Result<bool, Failure> {
        let connection =
            self.connection.as_mut().ok_or_else(|| Failure::Io(io::ErrorKind::NotConnected.into()))?;
        let buffer = self.buffers.input_append_buf();
        if buffer.is_empty() {
            return Err(Failure::Malformed("the frame of a chunk is too long"));
        }
        let length = connection.read(buffer).map_err(Failure::Io)?;
        self.buffers.input_appended(length);
        self.readable = self.readable.checked_sub(length).ok_or(Failure::Malformed(TOO_MUCH_FRAMING))?;
        Ok(length > 0)
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.write(amount).map_err(|error| self.record.fail(Failure::Io(error)))
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let progress = match self.head.take() {
            Some(head) => self.read_head(head),
            None => self.read_body(),
        };
        let has_more = progress.map_err(|failure| self.record.fail(failure))?;
        self.record.lock().has_ended |= !has_more;
        Ok(has_more)
    }

    /// ureq asks this once the answer is complete and its connection may carry another request. The pool of this
    /// crate keeps such a connection, so ureq is told not to.
    fn is_open(&mut self) -> bool {
        self.record.lock().kept = self.connection.take();
        false
    }

    fn is_tls(&self) -> bool {
        self.is_https
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let mut record = self.record.lock();
        if let Some(connection) = self.connection.as_ref().or(record.kept.as_ref()) {
            let has_sent = connection.connected().take_has_sent();
            record.has_sent |= has_sent;
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

/// Hands the one wire of an exchange to ureq.
#[derive(Debug)]
pub(crate) struct OneWire(Mutex<Option<Wire>>);

impl OneWire {
    pub(crate) const fn new(wire: Wire) -> Self {
        Self(Mutex::new(Some(wire)))
    }
}

impl Connector for OneWire {
    type Out = Wire;

    fn connect(&self, _: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Wire>, ureq::Error> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

/// The connection is there before ureq asks for an address.
#[derive(Debug)]
pub(crate) struct NoAddress;

impl Resolver for NoAddress {
    fn resolve(
        &self,
        _: &http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

const PIECE: usize = 8 * 1024;
/// Room for the longest head and one more piece.
const INPUT: usize = head::LONGEST + 2 * PIECE;
const OUTPUT: usize = 16 * 1024;
/// How many bytes may frame a byte of the body. A chunk of one byte takes six.
const MOST_FRAMING: usize = 16;
const TOO_MUCH_FRAMING: &str = "the frames of its chunks are longer than their bytes by far";

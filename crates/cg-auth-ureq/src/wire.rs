//! [`Wire`]: carries the bytes of one exchange between ureq and a connection, and records what happened.

mod agent_parts;
mod head;
mod record;

use std::{fmt, io};

use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};
use zeroize::Zeroizing;

use self::head::HeadReader;
pub(crate) use self::{
    agent_parts::{NoAddress, OneWire},
    head::show_headers,
    record::{Failure, Record, SharedRecord},
};
use crate::connector::Connection;

/// The connection of one exchange, as ureq uses it.
///
/// It collects the request and writes it in one piece once ureq waits for the answer, so that it can change the
/// target for a proxy, which ureq cannot. It reads the head of the answer before ureq does: see [`HeadReader`].
pub(crate) struct Wire {
    connection: Option<Connection>,
    is_https: bool,
    request: Zeroizing<Vec<u8>>,
    /// Where the target begins, and the scheme and authority that a proxy needs before it.
    origin: Option<(usize, String)>,
    head: Option<HeadReader>,
    buffers: LazyBuffers,
    /// How many bytes may still follow the head.
    readable: usize,
    record: SharedRecord,
}

/// What a wire must know of its request and of the answer.
#[derive(Debug)]
pub(crate) struct Extent {
    /// The length of the longest line of the request's head, which ureq writes in one piece.
    pub(crate) longest_line: usize,
    /// The length of the whole request.
    pub(crate) request: usize,
    /// How long the body of the answer may be.
    pub(crate) body_limit: usize,
}

impl Wire {
    /// A wire over `connection`.
    pub(crate) fn new(connection: Connection, is_https: bool, extent: &Extent, record: SharedRecord) -> Self {
        Self {
            connection: Some(connection),
            is_https,
            request: Zeroizing::new(Vec::with_capacity(extent.request)),
            origin: None,
            head: Some(HeadReader::new()),
            buffers: LazyBuffers::new(PIECE, extent.longest_line.max(PIECE)),
            readable: extent.body_limit.saturating_mul(MOST_FRAMING).saturating_add(head::LONGEST),
            record,
        }
    }

    /// Writes `origin` before the target of the request, which stands after its method.
    pub(crate) fn with_absolute_target(mut self, method: &str, origin: String) -> Self {
        self.origin = Some((method.len() + 1, origin));
        self
    }

    fn collect_request(&mut self, amount: usize) {
        let output = &self.buffers.output()[..amount];
        let (before, origin) = self.origin.take().unwrap_or_default();
        let (method, rest) = output.split_at(before.min(amount));
        self.request.extend_from_slice(method);
        self.request.extend_from_slice(origin.as_bytes());
        self.request.extend_from_slice(rest);
    }

    fn send_request(&mut self) -> Result<(), Failure> {
        let request = std::mem::take(&mut self.request);
        if request.is_empty() {
            return Ok(());
        }
        self.connection()?.write(&request).map_err(Failure::Io)
    }

    /// Reads until the head is there whole, and gives it to ureq with what came after it.
    fn read_head(&mut self, mut head: HeadReader) -> Result<bool, Failure> {
        let mut piece = Zeroizing::new([0; PIECE]);
        loop {
            let length = self.connection()?.read(&mut *piece).map_err(Failure::Io)?;
            if length == 0 {
                return Ok(false);
            }
            self.record.lock().has_received = true;
            if head.push(&piece[..length]).map_err(Failure::Malformed)? {
                break;
            }
        }
        let bytes = head.into_bytes();
        // The request has been written, so these have room for the answer alone.
        self.buffers = LazyBuffers::new(bytes.len() + ROOM, 1);
        self.buffers.input_append_buf()[..bytes.len()].copy_from_slice(&bytes);
        self.buffers.input_appended(bytes.len());
        Ok(true)
    }

    fn read_body(&mut self) -> Result<bool, Failure> {
        let buffer = self.buffers.input_append_buf();
        if buffer.is_empty() {
            return Err(Failure::Malformed("the frame of a chunk is too long"));
        }
        let Some(connection) = &mut self.connection else { return Err(no_connection()) };
        let length = connection.read(buffer).map_err(Failure::Io)?;
        self.buffers.input_appended(length);
        self.readable = self.readable.checked_sub(length).ok_or(Failure::Malformed(TOO_MUCH_FRAMING))?;
        Ok(length > 0)
    }

    fn connection(&mut self) -> Result<&mut Connection, Failure> {
        self.connection.as_mut().ok_or_else(no_connection)
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.collect_request(amount);
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let progress = self.send_request().and_then(|()| match self.head.take() {
            Some(head) => self.read_head(head),
            None => self.read_body(),
        });
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
        let connection = self.connection.as_ref().or(record.kept.as_ref());
        record.has_sent = connection.is_some_and(|connection| connection.connected().take_has_sent());
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

fn no_connection() -> Failure {
    Failure::Io(io::ErrorKind::NotConnected.into())
}

const PIECE: usize = 4 * 1024;
/// For a piece of the body, and for the longest trailer.
const ROOM: usize = 8 * 1024;
/// How many bytes may frame a byte of the body. A chunk of one byte takes six.
const MOST_FRAMING: usize = 16;
const TOO_MUCH_FRAMING: &str = "the frames of its chunks are longer than their bytes by far";

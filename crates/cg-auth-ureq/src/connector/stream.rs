//! [`Connection`]: an open connection to the service, or to a proxy that reads the requests.

use std::{
    fmt,
    io::{self, Read, Write},
    sync::Arc,
};

use super::connected::Connected;

/// Bytes in both directions.
pub(crate) trait Stream: Read + Write + fmt::Debug + Send + Sync {
    /// Tells the peer that no more bytes follow, as far as the protocol has a way to say so.
    fn say_goodbye(&mut self);
}

impl Stream for Box<dyn Stream> {
    fn say_goodbye(&mut self) {
        (**self).say_goodbye();
    }
}

/// An open connection. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    connected: Arc<Connected>,
}

impl Connection {
    pub(super) const fn new(stream: Box<dyn Stream>, connected: Arc<Connected>) -> Self {
        Self { stream, connected }
    }

    /// The TCP connection below.
    pub(crate) const fn connected(&self) -> &Arc<Connected> {
        &self.connected
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }

    /// Writes all of `bytes` to the operating system.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connected.stop_blocking();
        self.stream.say_goodbye();
        self.connected.end();
    }
}

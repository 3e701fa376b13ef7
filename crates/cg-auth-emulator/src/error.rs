//! [`EmulatorError`]: why the emulator did not start.

use std::{error::Error, io, net::SocketAddr};

/// The emulator could not be started. Once it runs, it has no errors, only answers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// The operating system gave no port at the address.
    #[error("the emulator cannot listen on {address}")]
    #[non_exhaustive]
    Listen {
        /// Where it was to listen; the port 0 stands for any.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system gave no thread, or no runtime could be set up on it.
    #[error("the emulator's thread cannot be started")]
    #[non_exhaustive]
    Thread {
        /// What the operating system said.
        source: io::Error,
    },
    /// No certificate could be made.
    #[error("the emulator's certificate cannot be made")]
    #[non_exhaustive]
    Certificate {
        /// What the certificate library or the TLS library said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl EmulatorError {
    pub(crate) fn listen(address: SocketAddr, source: io::Error) -> Self {
        Self::Listen { address, source }
    }

    pub(crate) fn thread(source: io::Error) -> Self {
        Self::Thread { source }
    }

    pub(crate) fn certificate(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Certificate { source: Box::new(source) }
    }
}

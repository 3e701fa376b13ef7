//! [`EmulatorError`]: why the emulator did not start.

use std::{error::Error, io, net::SocketAddr};

use crate::{clock::ClockError, scripts::ScriptError, service::UserError};

/// The emulator did not start. A running emulator reports problems in its answers instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// The operating system refused to listen on the address.
    #[error("the emulator cannot listen on {address}; port 0 stands for any free port")]
    #[non_exhaustive]
    Listen {
        /// The address that the builder named; port 0 stands for any free port.
        address: SocketAddr,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The operating system refused to start the thread, or its runtime could not be set up.
    #[error("cannot start the emulator's thread")]
    #[non_exhaustive]
    Thread {
        /// The operating system's reason.
        source: io::Error,
    },
    /// The TLS certificate could not be generated.
    #[error("cannot generate the emulator's TLS certificate")]
    #[non_exhaustive]
    Certificate {
        /// The reason of the certificate library or of the TLS library.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A script of the builder can never apply to this emulator, or there are too many.
    #[error("the emulator cannot follow a script")]
    #[non_exhaustive]
    Script {
        /// What is wrong with the script.
        #[from]
        source: ScriptError,
    },
    /// Two users of the builder have the same name, or there are too many users.
    #[error("the emulator cannot have the user {name}")]
    #[non_exhaustive]
    User {
        /// The user principal name.
        name: String,
        /// The reason.
        source: UserError,
    },
    /// The base path of the builder is no plain path.
    #[error("the emulator's base path must be a plain path such as /governance, outside of /_emulator")]
    #[non_exhaustive]
    BasePath,
    /// The clock cannot show the time that the builder named.
    #[error("the emulator's clock cannot start at that time")]
    #[non_exhaustive]
    Clock {
        /// The reason.
        #[from]
        source: ClockError,
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

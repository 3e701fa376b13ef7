//! [`Stop`]: the signals that ask the process to end.

/// Which signal was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    /// Ctrl-C, or SIGINT from another process.
    #[error("interrupted")]
    Interrupt,
    #[cfg(unix)]
    #[error("terminated")]
    Terminate,
    /// The terminal was closed.
    #[cfg(unix)]
    #[error("hung up")]
    HangUp,
}

impl Stop {
    /// 128 and the number of the signal, as in shells.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            #[cfg(unix)]
            Self::Terminate => 143,
            #[cfg(unix)]
            Self::HangUp => 129,
        }
    }
}

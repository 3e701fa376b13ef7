//! Errors with the texts of hyper-util's, so that the transports' table of failures reads them alike.

use std::{error::Error, fmt, io};

/// A name that was not found, with the text of hyper-util's error for it.
#[derive(Debug)]
pub(super) struct NotFound(pub(super) io::Error);

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dns error")
    }
}

impl Error for NotFound {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// A failure before the tunnel of a proxy, with the text of hyper-util's error for it.
#[derive(Debug)]
pub(super) struct BeforeTunnel<E>(pub(super) E);

impl<E> fmt::Display for BeforeTunnel<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tunnel error: failed to create underlying connection")
    }
}

impl<E: Error + 'static> Error for BeforeTunnel<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

//! File descriptors: whether there are enough of them, and whether a failure means that there are not.

use std::{error::Error, io};

use cg_auth_core::causes::causes;

/// Fails if the process cannot open as many files as any command needs. Some libraries panic instead of
/// returning an error.
#[cfg(unix)]
pub(crate) fn check() -> io::Result<()> {
    // Duplicates of standard error stand for the files, because they cost the least.
    let spare: Result<Vec<_>, _> = (0..NEEDED).map(|_| rustix::io::dup(io::stderr())).collect();
    spare.map(drop).map_err(Into::into)
}

#[cfg(not(unix))]
pub(crate) const fn check() -> io::Result<()> {
    Ok(())
}

/// Whether `error` or one of its causes says that the process or the system has no descriptor left.
pub(crate) fn ran_out(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.downcast_ref::<io::Error>().is_some_and(is_exhausted))
}

#[cfg(unix)]
fn is_exhausted(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let number = Errno::from_io_error(error);
    number == Some(Errno::MFILE) || number == Some(Errno::NFILE)
}

#[cfg(not(unix))]
fn is_exhausted(_: &io::Error) -> bool {
    false
}

/// What both runtimes, a connection, a name look-up, a command and a file take at the same time, and some more.
#[cfg(unix)]
const NEEDED: usize = 24;

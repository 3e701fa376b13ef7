//! The controlling terminal of the process, which its standard streams need not be connected to.

use std::fs::File;

use rustix::{process::getpgrp, termios::tcgetpgrp};

/// Opens the controlling terminal; `None` if the process has none.
pub(crate) fn controlling() -> Option<File> {
    File::options().read(true).write(true).open("/dev/tty").ok()
}

/// Whether the process group of this process is in the foreground of `terminal`: the terminal sends Ctrl-C to
/// the group, and the group may read from it.
pub(crate) fn is_foreground(terminal: &File) -> bool {
    tcgetpgrp(terminal) == Ok(getpgrp())
}

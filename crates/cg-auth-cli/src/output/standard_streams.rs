//! Whether the standard streams can be used, found out before a request is made for their sake.

use std::io;

/// Fails if standard output is closed, has no reader, or refuses every byte as `/dev/full` does.
#[cfg(unix)]
pub(crate) fn check_stdout() -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let output = io::stdout();
    if closed::was_closed(closed::OUTPUT) {
        return Err(io::Error::other("it is closed; redirect it to /dev/null if you do not need the result"));
    }
    let mut polled = [PollFd::new(&output, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    if poll(&mut polled, Some(&at_once)) == Ok(1) && polled[0].revents().contains(PollFlags::ERR) {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    // Nothing is written, but a device such as /dev/full answers with its error.
    match rustix::io::write(&output, &[]) {
        Ok(_) | Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Takes `length` bytes on the disk if standard output is a file. Fails if the disk is full.
#[cfg(target_os = "linux")]
pub(crate) fn reserve_stdout(length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, FileType, fallocate, fstat, tell};
    use rustix::io::Errno;
    let output = io::stdout();
    let Ok(status) = fstat(&output) else { return Ok(()) };
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Ok(());
    }
    // With `>>` the text lands at the end of the file, wherever the offset is.
    let end = u64::try_from(status.st_size).unwrap_or(0);
    let offset = tell(&output).unwrap_or(0).max(end);
    match fallocate(&output, FallocateFlags::KEEP_SIZE, offset, length) {
        Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG | Errno::IO)) => Err(error.into()),
        // Not every file system can reserve.
        _ => Ok(()),
    }
}

/// Whether standard input was closed when the process started.
#[cfg(unix)]
pub(crate) fn is_stdin_closed() -> bool {
    closed::was_closed(closed::INPUT)
}

/// Which streams were closed when the process started. The standard library opens the null device in their
/// place before `main` runs, and other programs hand such a device on, so this must be known earlier.
#[cfg(unix)]
mod closed {
    use std::sync::atomic::{AtomicU8, Ordering};

    use rustix::{io::fcntl_getfd, stdio};

    pub(super) const INPUT: u8 = 1;
    pub(super) const OUTPUT: u8 = 2;

    pub(super) fn was_closed(stream: u8) -> bool {
        CLOSED.load(Ordering::Relaxed) & stream != 0
    }

    static CLOSED: AtomicU8 = AtomicU8::new(0);

    /// Runs before `main`. No other code of the process runs yet, so this makes system calls only.
    #[ctor::ctor]
    fn remember() {
        let flag = |is_closed: bool, stream| if is_closed { stream } else { 0 };
        let input = flag(fcntl_getfd(stdio::stdin()).is_err(), INPUT);
        let output = flag(fcntl_getfd(stdio::stdout()).is_err(), OUTPUT);
        CLOSED.store(input | output, Ordering::Relaxed);
    }
}

#[cfg(not(unix))]
pub(crate) fn check_stdout() -> io::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn reserve_stdout(_: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn is_stdin_closed() -> bool {
    false
}

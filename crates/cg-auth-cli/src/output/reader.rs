//! [`reader_gone`]: waits until the reader of standard output closes it.

/// Returns once the reader of standard output has closed it. For a stream that does not report this, the
/// future never completes, and the next write fails instead.
#[cfg(unix)]
pub(crate) async fn reader_gone() {
    use rustix::{
        event::{PollFd, PollFlags, poll},
        io::Errno,
    };

    let is_gone = crate::blocking::blocking(|| {
        let output = std::io::stdout();
        loop {
            // Without flags, poll waits until the other end of a pipe closes. For a file it fails at once.
            match poll(&mut [PollFd::new(&output, PollFlags::empty())], None) {
                Err(Errno::INTR) => {}
                outcome => return outcome.is_ok(),
            }
        }
    });
    if !is_gone.await {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(unix))]
pub(crate) async fn reader_gone() {
    std::future::pending::<()>().await;
}

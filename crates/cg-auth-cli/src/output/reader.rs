//! Whether anybody still reads standard output.

/// Ends once nobody does, where the system tells; else the next write does.
#[cfg(unix)]
pub(crate) async fn is_unread() {
    use rustix::{
        event::{PollFd, PollFlags, poll},
        io::Errno,
    };

    let is_told = crate::runtime::blocking(|| {
        let output = std::io::stdout();
        loop {
            // Without anything to look for, it waits for the other end to go away; of a file there is none.
            match poll(&mut [PollFd::new(&output, PollFlags::empty())], None) {
                Err(Errno::INTR) => {}
                outcome => return outcome.is_ok(),
            }
        }
    });
    if !is_told.await {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(unix))]
pub(crate) async fn is_unread() {
    std::future::pending::<()>().await;
}

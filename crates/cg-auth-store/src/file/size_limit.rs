//! The limit on the size of the files that a process writes (`ulimit -f`).

/// Whether the process may write a file up to `end`. Writing further would end the process by a signal.
#[cfg(unix)]
pub(super) fn allows(end: u64) -> bool {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Fsize).current.is_none_or(|limit| end <= limit)
}

#[cfg(not(unix))]
pub(super) const fn allows(_: u64) -> bool {
    true
}

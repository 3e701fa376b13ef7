//! What the process holds: memory, descriptors, threads; and its panics.

use std::{
    fmt, fs,
    panic::{set_hook, take_hook},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::Duration,
};

use cg_auth_core::time::Now;

use crate::live_memory;

/// What the process holds at one moment.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) resident_kib: u64,
    pub(crate) live_bytes: i64,
    pub(crate) live_blocks: i64,
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
}

impl Process {
    pub(crate) fn now() -> Self {
        let (live_bytes, live_blocks) = live_memory::live();
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let resident_kib = line.trim().trim_end_matches(" kB").parse().unwrap();
        Self {
            resident_kib,
            live_bytes,
            live_blocks,
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            threads: fs::read_dir("/proc/self/task").unwrap().count(),
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resident_kib, live_bytes, live_blocks, descriptors, threads } = self;
        write!(f, "{resident_kib} KiB resident, {live_bytes} bytes live in {live_blocks} blocks, ")?;
        write!(f, "{descriptors} descriptors, {threads} threads")
    }
}

/// How many sockets are open.
pub(crate) fn sockets() -> usize {
    let links =
        fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

/// Looks every few milliseconds, for a minute at most.
pub(crate) fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = Now::system().monotonic();
    while !holds() {
        assert!(Now::system().monotonic() - begun < Duration::from_secs(60), "not after a minute: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Counts the panics of all threads from now on, also those that are caught.
pub(crate) fn count_panics() -> impl Fn() -> u64 {
    let hook = take_hook();
    set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Relaxed);
        hook(panic);
    }));
    || PANICS.load(Relaxed)
}

static PANICS: AtomicU64 = AtomicU64::new(0);

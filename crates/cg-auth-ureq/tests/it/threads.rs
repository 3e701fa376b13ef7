//! Counts the threads of the transports in this process.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cg_auth_ureq::Now;

/// No other test has threads while this is held. Each test that makes an exchange holds it.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    wait_for_threads(0);
    alone
}

/// The number of threads that exchange or watch a connection. Only Linux tells.
pub(crate) fn threads() -> Option<usize> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    let names = tasks.filter_map(|task| name(task.ok()?));
    Some(names.filter(|name| name.trim_end() == "cg-auth-ureq").count())
}

/// Waits until there are exactly `expected` threads. Fails after ten times of what it should take.
pub(crate) fn wait_for_threads(expected: usize) {
    wait_until(
        || threads().is_none_or(|threads| threads == expected),
        || format!("{:?} threads, not {expected}", threads()),
    );
}

/// Waits until there are at most `most` threads.
pub(crate) fn wait_for_at_most(most: usize) {
    wait_until(
        || threads().is_none_or(|threads| threads <= most),
        || format!("{:?} threads, more than {most}", threads()),
    );
}

fn wait_until(is_so: impl Fn() -> bool, problem: impl Fn() -> String) {
    let started = Now::system();
    while !is_so() {
        assert!(Now::system().saturating_since(started) < Duration::from_secs(20), "{}", problem());
        std::thread::sleep(Duration::from_millis(1));
    }
}

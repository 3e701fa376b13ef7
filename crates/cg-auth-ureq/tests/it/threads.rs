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
    // A new thread has the name of its parent until it sets its own, and `threads` must see it.
    let _ = std::fs::write("/proc/thread-self/comm", UNNAMED);
    wait_for_threads(0);
    alone
}

/// The number of threads that exchange or watch a connection. Only Linux tells.
pub(crate) fn threads() -> Option<usize> {
    let this_thread = std::fs::read_link("/proc/thread-self").ok()?;
    let tasks = std::fs::read_dir("/proc/self/task").ok()?.flatten();
    let tasks = tasks.filter(|task| Some(task.file_name().as_os_str()) != this_thread.file_name());
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    Some(names.filter(|name| ["cg-auth-ureq", UNNAMED].contains(&name.trim_end())).count())
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

const UNNAMED: &str = "cg-auth-unnamed";

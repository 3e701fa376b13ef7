//! The store over a real `redis-server`, which each test starts on a free port.

#![allow(clippy::unwrap_used, clippy::expect_used)] // test helpers may panic, like tests

mod contract;
mod entries;
mod hostile;
mod login;
mod outages;
mod providers;
mod runtimes;
mod server;
mod tls;

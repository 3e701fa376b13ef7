//! The store over a real `redis-server`, which each test starts on a free port.

#![allow(clippy::unwrap_used, clippy::expect_used)] // test helpers may panic, like tests

mod blocking;
mod contract;
mod entries;
mod hostile;
mod hostile_providers;
mod late;
mod login;
mod odd_clocks;
mod outages;
mod providers;
mod raw_server;
mod runtimes;
mod server;
mod tls;

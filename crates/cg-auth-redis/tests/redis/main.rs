//! The store over a real `redis-server`, which each test starts on a free port.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)] // test helpers may panic, like tests

mod contract;
mod server;

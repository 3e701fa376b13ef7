//! The transport over real sockets and real threads: what the suites for every transport do not cover.

#![forbid(unsafe_code)]
// A failed expectation in a helper is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod cancellation;
mod executors;
mod idle_connections;
mod server;
mod threads;

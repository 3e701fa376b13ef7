//! The core from the outside: what it writes, what it reads, what it never shows.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, where a panic is a failure

mod answers;
mod client;
mod error_bodies;
mod error_table;
mod models;
mod options;
mod panics;
mod pool;
mod provider;
mod requests;
mod retries;
mod secrets;
mod session;
mod support;
mod token_members;

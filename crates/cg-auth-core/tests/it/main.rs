//! Tests of the public API: the requests that it builds, the answers that it reads, the secrets that it
//! redacts.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic in a test helper is a test failure

mod answered_tokens;
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
mod test_doubles;
mod text_values;
mod threads;
mod token_members;
#[cfg(feature = "tokio")]
mod undriven;

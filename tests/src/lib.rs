//! What the suites of cg-auth share. The package is not published.
//!
//! - `transcripts.rs` holds what the vendor's own clients sent and received (`transcripts/*.json`, SPEC
//!   section 12) against what this workspace builds, reads and emulates.
//! - `transports.rs` runs the contract of `cg_auth_core::transport` against every transport over real
//!   sockets, with the faults that [`listener`] plays; and, in `day_suite/`, a working day of the token lifecycle.
//! - `src/bin/connect-proxy` is a proxy in a process of its own; [`proxy`] starts it.
//! - `examples/` are whole programs, one per kind of user; each starts the emulator, asserts what it shows
//!   and ends.

// Shared test code: a failed expectation here is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod authority;
pub mod hang_guard;
pub mod http2;
pub mod listener;
pub mod proxy;
pub mod raw_message;
pub mod tls;
pub mod tls11;

/// The programs in the README at the top, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[derive(Debug)]
pub struct Readme;

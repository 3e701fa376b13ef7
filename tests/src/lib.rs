//! What the suites of cg-auth share. The package is not published.
//!
//! - `transcripts/` compares what the vendor's own clients sent and received (`*.json`) with the requests
//!   that this workspace builds, the answers that it reads and the service that it emulates.
//! - `transports/` runs the suite of `cg-auth-conformance` over every transport, and what this workspace adds to
//!   the contract: its settings, the proxies of the environment, messages and logs. It plays the other end with
//!   that crate's servers, such as [`listener`]. Its `day/` runs a working day of the token lifecycle.
//! - `layers/` runs the layer of `cg-auth-tower` over hyper-util, tonic and reqwest.
//! - `soak/` calls the service for seconds or minutes under mixed faults, over each transport, and looks for
//!   what is left behind. `src/bin/faulty-service` is that service, in a process of its own.
//! - `fleet/` shares a token between eight processes, which it kills and stops, and takes their store away. [`fleet`]
//!   is such a process, and `src/bin/fleet-member` its program.
//! - [`redis_server`] starts a Redis server for a test.
//! - `src/bin/connect-proxy` is a proxy in a process of its own; [`proxy`] starts it.
//! - [`one_connection_each`] is a transport of a third party, for the example of that name and for the suite.
//! - `examples/` holds whole programs, one per kind of user. Each starts the emulator, asserts what it shows
//!   and ends.

// Shared test code: a failed expectation here is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod fleet;
pub mod grpc_server;
pub mod hang_guard;
pub mod join;
pub mod one_connection_each;
pub mod proxy;
#[cfg(unix)]
pub mod redis_server;
#[cfg(unix)]
pub mod unix_bridge;

pub use cg_auth_conformance::servers::{authority, http2, listener, raw_message, tls, tls11};

/// Compiles the programs in the README of the repository.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[derive(Debug)]
pub struct Readme;
